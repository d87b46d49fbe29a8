"""A module that fails."""

settings = {}
key = settings["SECRET"]

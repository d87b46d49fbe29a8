"""Finds an app by its name, as the command lines of gunicorn and uvicorn do."""

import importlib


def app_of(spec):
    """The app that `spec` names: `module:attribute`."""
    module, _, attribute = spec.partition(":")
    return getattr(importlib.import_module(module), attribute)

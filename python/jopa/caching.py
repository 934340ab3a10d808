"""Functions that compute each answer once, with their types."""

from __future__ import annotations

import functools
from typing import Any, Callable, TypeVar, cast

Function = TypeVar("Function", bound=Callable[..., Any])


def cached(function: Function) -> Function:
    """functools.lru_cache without a limit, for a type checker as the function itself."""
    return cast(Function, functools.lru_cache(maxsize=None)(function))

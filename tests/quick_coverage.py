"""Measuring coverage a fifth quicker: a plugin of pytest, for ``make check``.

At each call coverage looks up which greenlet it is in, and the dictionary with weak keys that it takes for that is
written in Python. A plain one is asked ten times as quickly; greenlets that ended stay in it until the tests end, too.
"""

import weakref
from unittest import mock

from coverage import Coverage

_start = Coverage.start


def _start_quickly(self: Coverage) -> None:
    with mock.patch.object(weakref, "WeakKeyDictionary", dict):
        _start(self)


Coverage.start = _start_quickly  # type: ignore[method-assign]

"""Every error mixguard raises on purpose.

* MixguardError
  * UsageError            the request cannot be carried out; exit code 2
    - ConfigError         an option is unknown or out of range
    - InputError          a file is missing, empty, binary, encrypted or not what it claims to be
    - TaxonomyError       a taxonomy or bank file is invalid
    - RunFolderError      a run folder is missing, incomplete or from another version
    - RefusedError        a mix would do harm; exit code 1
  * RecordError           one record cannot be read or parsed; it goes to quarantine, the run continues

* CacheWarning            data that can be re-created is damaged or cannot be stored; the run goes on without

A message says where (file:line), what is wrong, and what to do.
"""

from __future__ import annotations

from collections.abc import Iterable


class MixguardError(Exception):
    """Base class of every error mixguard raises on purpose."""


class UsageError(MixguardError):
    """The request cannot be carried out."""


class ConfigError(UsageError):
    """An option is unknown, misspelled or out of range."""


class InputError(UsageError):
    """A corpus file is unusable."""


class TaxonomyError(UsageError):
    """A taxonomy or bank file is invalid."""


class RunFolderError(UsageError):
    """A run folder is missing, incomplete or from another version."""


class RefusedError(UsageError):
    """A mix of this corpus would do harm, so none is written."""


class RecordError(MixguardError):
    """One record cannot be read or parsed; the message is the reason given in quarantine."""


class CacheWarning(UserWarning):
    """Something in the cache is damaged or cannot be stored; the run goes on, and takes longer."""


def nearest(given: str, known: Iterable[str]) -> str | None:
    """The known name that was probably meant; None if none is close."""
    from difflib import get_close_matches

    names = {name.strip("-.").lower(): name for name in known}
    asked = given.strip("-.").lower()
    begun = [name for name in names if asked and name.startswith(asked)]
    close = begun if len(begun) == 1 else get_close_matches(asked, names, n=1, cutoff=0.65)
    return names[close[0]] if close else None


def meant(given: str, known: Iterable[str]) -> str:
    """` (did you mean 'x'?)` if a known name is close to the one given, else nothing."""
    close = nearest(given, known)
    return f" (did you mean {close!r}?)" if close else ""

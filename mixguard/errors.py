"""Everything mixguard raises on purpose.

* MixguardError
  * UsageError            what was asked for cannot be done; exit code 2
    - ConfigError         an option is unknown or out of range
    - InputError          a file is missing, empty, binary, encrypted or not what it claims to be
    - TaxonomyError       a taxonomy or bank file breaks its rules
    - RunFolderError      a run folder is missing, half-written or of another version
  * RecordError           one record cannot be read or understood; it goes to quarantine, the run goes on

A message says what is wrong, where (file:line), and what to do.
"""

from __future__ import annotations


class MixguardError(Exception):
    """Root of every error mixguard raises on purpose."""


class UsageError(MixguardError):
    """What was asked for cannot be done."""


class ConfigError(UsageError):
    """An option is unknown, misspelt or out of range."""


class InputError(UsageError):
    """A corpus file cannot be used at all."""


class TaxonomyError(UsageError):
    """A taxonomy or bank file breaks its rules."""


class RunFolderError(UsageError):
    """A run folder is missing, half-written or of another version."""


class RecordError(MixguardError):
    """One record cannot be read or understood; the message is the reason kept in quarantine."""

"""Redaction of secrets in log lines: the last line of defence, should one be logged by mistake."""

import re
from typing import Final

HIDDEN: Final = "[hidden]"

# A secret follows each of these, up to the next character that no secret contains.
SECRETS: Final = re.compile(
    r"""(?ix)
    (?P<before>
        ://[^/\s:@"]*:(?=[^/\s@"]+@)                     # user:password in an address
      | \bbearer\s+                                      # an Authorization header
      | [?&;][^=&\s"]*(?:signature|token|key|secret)=    # a signed address
      | \b(?:\w*password|authorization|api_?key|secret)
        (?:["']:\s*["']|\s*=\s*["']?)(?!bearer)          # a field of that name
      | \bwhsec_
      | \bimk_[0-9a-f]{32}_                              # an API key; its id may be seen
    )
    [^\s"'&@,;\\]+
    """
)
# Whatever SECRETS matches contains one of these, and searching for them is thirty times as fast.
HINTS: Final = (
    "://", "bearer", "signature", "token", "key", "secret", "password", "authorization", "whsec_",
    "imk_",
)  # fmt: skip


def redact(line: str) -> str:
    """Return the line with everything that looks like a secret replaced by HIDDEN."""
    lower = line.lower()
    if not any(hint in lower for hint in HINTS):
        return line
    return SECRETS.sub(lambda found: found["before"] + HIDDEN, line)

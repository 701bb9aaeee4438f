"""Launcher of child processes: sets the parent-death signal, drops root's privileges, and execs.

Run as a script, with the standard library alone:
`python -I -S launcher.py PARENT SIGNAL USER FOLDER PROGRAM [ARGUMENT...]`

- SIGNAL is sent to the program when the process PARENT dies, even by SIGKILL (Linux only);
- USER, if not empty, is the user that the program runs as: PostgreSQL refuses to run as root;
- FOLDER, if not empty, is its working folder.

A program that was started by root keeps one capability, to read and traverse any folder
(CAP_DAC_READ_SEARCH). Without it, a project under /root or in a folder closed to others could not
be used by PostgreSQL unless every folder above it were opened to everybody.
"""

import ctypes
import os
import pwd
import sys
from typing import NoReturn

PR_SET_PDEATHSIG = 1
PR_SET_SECUREBITS = 28
PR_SET_NO_NEW_PRIVS = 38
PR_CAP_AMBIENT = 47
PR_CAP_AMBIENT_RAISE = 2
SECBIT_NO_SETUID_FIXUP = 1 << 2
CAP_DAC_READ_SEARCH = 2
LINUX_CAPABILITY_VERSION_3 = 0x20080522


def main() -> None:
    parent, death_signal, user, folder, program, *arguments = sys.argv[1:]
    if user:
        switch_user(user)
    if sys.platform == "linux":
        # After the change of user, which resets it; before the check of the parent, which may have
        # died already.
        libc().prctl(PR_SET_PDEATHSIG, int(death_signal), 0, 0, 0)
    if os.getppid() != int(parent):
        sys.exit("The parent process has exited.")
    try:
        if folder:
            os.chdir(folder)
    except OSError as error:
        exit_with_error(user, f"enter {folder}", error)
    try:
        os.execv(program, [program, *arguments])  # noqa: S606 - no shell is what is wanted
    except OSError as error:
        exit_with_error(user, f"run {program}", error)


def switch_user(user: str) -> None:
    """Change from root to the user, and keep CAP_DAC_READ_SEARCH if that is permitted."""
    account = pwd.getpwnam(user)
    libc().prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
    # With this flag capabilities survive the change of user, and access(2), by which initdb finds
    # its own programs, respects them. keep_read_search then drops all but one.
    kept = libc().prctl(PR_SET_SECUREBITS, SECBIT_NO_SETUID_FIXUP, 0, 0, 0) == 0
    try:
        os.setgroups([])
        os.setresgid(account.pw_gid, account.pw_gid, account.pw_gid)
        os.setresuid(account.pw_uid, account.pw_uid, account.pw_uid)
    except PermissionError:
        sys.exit(f"root may not become {user} here: run imagemill as an unprivileged user")
    if kept:
        keep_read_search()


def keep_read_search() -> None:
    """Keep only CAP_DAC_READ_SEARCH across exec, or no capability if it is not permitted."""
    if not set_capabilities(1 << CAP_DAC_READ_SEARCH):
        set_capabilities(0)
        return
    libc().prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, CAP_DAC_READ_SEARCH, 0, 0)


def set_capabilities(capabilities: int) -> bool:
    """Set the effective, permitted and inheritable sets (capset(2)); return whether it worked."""
    header = (ctypes.c_uint32 * 2)(LINUX_CAPABILITY_VERSION_3, 0)
    low = capabilities & 0xFFFFFFFF
    data = (ctypes.c_uint32 * 6)(low, low, low, 0, 0, 0)
    return bool(libc().capset(header, data) == 0)


def exit_with_error(user: str, what: str, error: OSError) -> NoReturn:
    who = f"the user {user}" if user else "imagemill"
    hint = (
        ": make it and the folders above it accessible, or allow CAP_DAC_READ_SEARCH"
        if user
        else ""
    )
    sys.exit(f"{who} cannot {what} ({error.strerror}){hint}")


def libc() -> ctypes.CDLL:
    return ctypes.CDLL(None, use_errno=True)


if __name__ == "__main__":
    main()

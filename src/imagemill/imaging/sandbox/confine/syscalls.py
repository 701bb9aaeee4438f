"""System calls that are denied to an image process, and their numbers on each architecture.

Source: arch/x86/entry/syscalls/syscall_64.tbl and scripts/syscall.tbl of Linux 6.19. Where the
second number is missing, the newer architecture never had the call.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

# listns, the last one of Linux 6.19: those after it have not been reviewed.
LAST_REVIEWED: Final = 470

Numbers = Mapping[str, tuple[int, int | None]]

# Those that are allowed with certain arguments only.
CONDITIONAL: Final[Numbers] = MappingProxyType(
    {
        "clone": (56, 220),
        "clone3": (435, 435),
        "fcntl": (72, 25),
        "kill": (62, 129),
        "prctl": (157, 167),
        "prlimit64": (302, 261),
        "tgkill": (234, 131),
    }
)

# Without recvmsg: requests come with descriptors over the socket to the parent, the only one.
NETWORK: Final[Numbers] = MappingProxyType(
    {
        "accept": (43, 202),
        "accept4": (288, 242),
        "bind": (49, 200),
        "connect": (42, 203),
        "listen": (50, 201),
        "recvfrom": (45, 207),
        "recvmmsg": (299, 243),
        "sendmmsg": (307, 269),
        "sendmsg": (46, 211),
        "sendto": (44, 206),
        "socket": (41, 198),
        "socketpair": (53, 199),
    }
)

NEW_PROCESSES: Final[Numbers] = MappingProxyType(
    {
        "execve": (59, 221),
        "execveat": (322, 281),
        "fork": (57, None),
        "setns": (308, 268),
        "uselib": (134, None),
        "unshare": (272, 97),
        "vfork": (58, None),
    }
)

# To read the memory of other processes of the same user, signal them, or change their scheduling.
# setrlimit would undo the limit of CPU time, which the worker sets for each job.
OTHER_PROCESSES: Final[Numbers] = MappingProxyType(
    {
        "ioprio_set": (251, 30),
        "kcmp": (312, 272),
        "migrate_pages": (256, 238),
        "move_pages": (279, 239),
        "perf_event_open": (298, 241),
        "pidfd_getfd": (438, 438),
        "pidfd_open": (434, 434),
        "pidfd_send_signal": (424, 424),
        "process_madvise": (440, 440),
        "process_mrelease": (448, 448),
        "process_vm_readv": (310, 270),
        "process_vm_writev": (311, 271),
        "ptrace": (101, 117),
        "rt_sigqueueinfo": (129, 138),
        "rt_tgsigqueueinfo": (297, 240),
        "sched_setaffinity": (203, 122),
        "sched_setattr": (314, 274),
        "sched_setparam": (142, 118),
        "sched_setscheduler": (144, 119),
        "setpriority": (141, 140),
        "setrlimit": (160, 164),
        "tkill": (200, 130),
    }
)

# They are not part of the file system, so that Landlock does not cover them.
SHARED_MEMORY_AND_MESSAGES: Final[Numbers] = MappingProxyType(
    {
        "mq_getsetattr": (245, 185),
        "mq_notify": (244, 184),
        "mq_open": (240, 180),
        "mq_timedreceive": (243, 183),
        "mq_timedsend": (242, 182),
        "mq_unlink": (241, 181),
        "msgctl": (71, 187),
        "msgget": (68, 186),
        "msgrcv": (70, 188),
        "msgsnd": (69, 189),
        "semctl": (66, 191),
        "semget": (64, 190),
        "semop": (65, 193),
        "semtimedop": (220, 192),
        "shmat": (30, 196),
        "shmctl": (31, 195),
        "shmdt": (67, 197),
        "shmget": (29, 194),
    }
)

# Not covered by Landlock. An input is the stored file, whose mode, times and attributes an image
# process must not change.
FILES: Final[Numbers] = MappingProxyType(
    {
        "chmod": (90, None),
        "chown": (92, None),
        "fanotify_init": (300, 262),
        "fanotify_mark": (301, 263),
        "fchmod": (91, 52),
        "fchmodat": (268, 53),
        "fchmodat2": (452, 452),
        "fchown": (93, 55),
        "fchownat": (260, 54),
        "file_setattr": (469, 469),
        "fremovexattr": (199, 16),
        "fsetxattr": (190, 7),
        "futimesat": (261, None),
        "lchown": (94, None),
        "lremovexattr": (198, 15),
        "lsetxattr": (189, 6),
        "name_to_handle_at": (303, 264),
        "open_by_handle_at": (304, 265),
        "removexattr": (197, 14),
        "removexattrat": (466, 466),
        "setxattr": (188, 5),
        "setxattrat": (463, 463),
        "truncate": (76, 45),
        "utime": (132, None),
        "utimensat": (280, 88),
        "utimes": (235, None),
    }
)

MOUNTS: Final[Numbers] = MappingProxyType(
    {
        "chroot": (161, 51),
        "fsconfig": (431, 431),
        "fsmount": (432, 432),
        "fsopen": (430, 430),
        "fspick": (433, 433),
        "listmount": (458, 458),
        "listns": (470, 470),
        "mount": (165, 40),
        "mount_setattr": (442, 442),
        "move_mount": (429, 429),
        "open_tree": (428, 428),
        "open_tree_attr": (467, 467),
        "pivot_root": (155, 41),
        "quotactl": (179, 60),
        "quotactl_fd": (443, 443),
        "statmount": (457, 457),
        "swapoff": (168, 225),
        "swapon": (167, 224),
        "umount2": (166, 39),
    }
)

# Parts of the kernel that no decoder needs, and that most of its vulnerabilities were found in.
KERNEL: Final[Numbers] = MappingProxyType(
    {
        "acct": (163, 89),
        "add_key": (248, 217),
        "adjtimex": (159, 171),
        "bpf": (321, 280),
        "clock_adjtime": (305, 266),
        "clock_settime": (227, 112),
        "delete_module": (176, 106),
        "finit_module": (313, 273),
        "init_module": (175, 105),
        "io_setup": (206, 0),
        "io_submit": (209, 2),
        "io_uring_enter": (426, 426),
        "io_uring_register": (427, 427),
        "io_uring_setup": (425, 425),
        "ioperm": (173, None),
        "iopl": (172, None),
        "kexec_file_load": (320, 294),
        "kexec_load": (246, 104),
        "keyctl": (250, 219),
        "lsm_set_self_attr": (460, 460),
        "modify_ldt": (154, None),
        "personality": (135, 92),
        "reboot": (169, 142),
        "request_key": (249, 218),
        "setdomainname": (171, 162),
        "sethostname": (170, 161),
        "settimeofday": (164, 170),
        "splice": (275, 76),
        "syslog": (103, 116),
        "tee": (276, 77),
        "userfaultfd": (323, 282),
        "vhangup": (153, 58),
        "vmsplice": (278, 75),
    }
)

DENIED: Final[Numbers] = MappingProxyType(
    {
        **NETWORK,
        **NEW_PROCESSES,
        **OTHER_PROCESSES,
        **SHARED_MEMORY_AND_MESSAGES,
        **FILES,
        **MOUNTS,
        **KERNEL,
    }
)


@dataclass(frozen=True, slots=True)
class Architecture:
    """An architecture's AUDIT_ARCH number, and its column in the tables of system calls."""

    audit_arch: int
    column: int

    @property
    def conditional(self) -> Mapping[str, int]:
        return self._numbers(CONDITIONAL)

    @property
    def denied(self) -> Mapping[str, int]:
        return self._numbers(DENIED)

    def _numbers(self, table: Numbers) -> Mapping[str, int]:
        found = {name: numbers[self.column] for name, numbers in table.items()}
        return {name: number for name, number in found.items() if number is not None}


ARCHITECTURES: Final = MappingProxyType(
    {"x86_64": Architecture(0xC000003E, 0), "aarch64": Architecture(0xC00000B7, 1)}
)

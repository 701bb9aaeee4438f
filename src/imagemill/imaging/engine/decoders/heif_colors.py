"""What an AVIF or HEIC says of its colours, besides a profile, which its decoder reads: `nclx`.

Source: ISO/IEC 23008-12, 6.2 (meta), 9.3 (iprp) and ISO/IEC 14496-12, 12.1.5 (colr).
"""

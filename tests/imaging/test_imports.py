import subprocess
import sys

PURE = [
    "errors",
    "formats",
    "limits",
    "result",
    "sandbox.sandbox",
    "spec.analysis",
    "spec.assets",
    "spec.pipeline",
    "spec.presets",
]


def test_modules_for_other_rooms_do_not_load_libvips() -> None:
    imports = "; ".join(f"import imagemill.imaging.{name}" for name in PURE)
    program = f"import sys; {imports}; sys.exit('pyvips' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0

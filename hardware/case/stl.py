"""STL files: as the part lies on the printer's bed, and read back for the tests. Arrays only."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from hardware.case.parts import PRINT_UP

_TRIANGLE = np.dtype([("normal", "<f4", 3), ("corners", "<f4", (3, 3)), ("attribute", "<u2")])


def on_bed(points: np.ndarray, up: tuple[float, float, float]) -> np.ndarray:
    """Points (..., 3) turned so that this direction points up, in the middle of the bed, on z = 0."""
    way = np.array(up, float)
    side = np.roll(way, 1)
    turned = points @ np.stack([side, np.cross(way, side), way]).T
    low, high = turned.reshape(-1, 3).min(axis=0), turned.reshape(-1, 3).max(axis=0)
    return turned - np.array([(low[0] + high[0]) / 2, (low[1] + high[1]) / 2, low[2]])


def write_stl(name: str, corners: np.ndarray, path: Path) -> None:
    """Binary STL in mm of a part with these corners (n, 3, 3), in the case's axes."""
    corners = on_bed(corners, PRINT_UP[name])
    cross = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    triangles = np.zeros(len(corners), _TRIANGLE)
    triangles["normal"] = cross / np.maximum(np.linalg.norm(cross, axis=1, keepdims=True), 1e-12)
    triangles["corners"] = corners
    path.parent.mkdir(parents=True, exist_ok=True)
    header = f"Untuck {name}, mm".encode().ljust(80)
    path.write_bytes(header + np.uint32(len(triangles)).tobytes() + triangles.tobytes())


def read_stl(path: Path) -> np.ndarray:
    """Corners (n, 3, 3) in mm of a binary STL."""
    data = path.read_bytes()
    triangles = np.frombuffer(data, _TRIANGLE, count=int.from_bytes(data[80:84], "little"), offset=84)
    return np.asarray(triangles["corners"], float)


def volume(corners: np.ndarray) -> float:
    """Of a closed mesh with these corners (n, 3, 3), by the divergence theorem: mm^3."""
    return float(np.einsum("ij,ij->i", corners[:, 0], np.cross(corners[:, 1], corners[:, 2])).sum() / 6)

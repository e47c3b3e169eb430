"""Meshes of solids: what is printed, and what the checks measure. Arrays and manifold3d, no drawing."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import manifold3d
import numpy as np
from build123d import Shape as Solid

from hardware.case.stl import volume

TOLERANCE_MM = 0.03
ANGLE_RAD = 0.25


@dataclass(frozen=True)
class Mesh:
    """points (n, 3) in mm, triangles (m, 3) indices, counter-clockwise from outside."""

    points: np.ndarray
    triangles: np.ndarray

    @cached_property
    def body(self) -> manifold3d.Manifold:
        """For gaps, intersections and rays. Empty if the mesh is not closed."""
        return manifold3d.Manifold(manifold3d.Mesh(self.points.astype(np.float32), self.triangles.astype(np.uint32)))

    @cached_property
    def corners(self) -> np.ndarray:
        """(m, 3, 3): the corners of each triangle."""
        return self.points[self.triangles]

    @cached_property
    def normals(self) -> np.ndarray:
        """(m, 3): unit normals, outward."""
        cross = np.cross(self.corners[:, 1] - self.corners[:, 0], self.corners[:, 2] - self.corners[:, 0])
        return cross / np.maximum(np.linalg.norm(cross, axis=1, keepdims=True), 1e-12)

    @cached_property
    def areas(self) -> np.ndarray:
        """(m,): mm^2."""
        cross = np.cross(self.corners[:, 1] - self.corners[:, 0], self.corners[:, 2] - self.corners[:, 0])
        return np.linalg.norm(cross, axis=1) / 2

    @cached_property
    def volume(self) -> float:
        """mm^3."""
        return volume(self.corners)

    def open_edges(self) -> int:
        """Edges that do not belong to exactly two triangles that run along them in opposite directions."""
        edges = self.triangles[:, [0, 1, 1, 2, 2, 0]].reshape(-1, 2)
        ordered, counts = np.unique(edges, axis=0, return_counts=True)
        there = {tuple(edge) for edge in ordered.tolist()}
        return int((counts != 1).sum()) + sum((b, a) not in there for a, b in there)

    def moved(self, x: float = 0.0, y: float = 0.0, z: float = 0.0) -> Mesh:
        """The same mesh elsewhere."""
        return Mesh(self.points + np.array([x, y, z]), self.triangles)


def mesh_of(solid: Solid) -> Mesh:
    """Triangles of a solid; faces share their points along common edges."""
    vertices, triangles = solid.tessellate(TOLERANCE_MM, ANGLE_RAD)
    points = np.array([(v.X, v.Y, v.Z) for v in vertices])
    _, first, same = np.unique(np.round(points, 5), axis=0, return_index=True, return_inverse=True)
    faces = same.reshape(-1)[np.array(triangles)]
    sound = (faces[:, 0] != faces[:, 1]) & (faces[:, 1] != faces[:, 2]) & (faces[:, 2] != faces[:, 0])
    return Mesh(points[first], faces[sound])


def samples(mesh: Mesh, spacing_mm: float, chosen: np.ndarray | None = None) -> tuple[np.ndarray, np.ndarray]:
    """Points spread evenly over the chosen triangles (all by default), and the triangle of each.

    A triangle gets its middle and, if it is larger than the spacing, further points from a fixed sequence (R2).
    """
    index = np.arange(len(mesh.triangles)) if chosen is None else np.flatnonzero(chosen)
    counts = np.maximum(1, np.ceil(mesh.areas[index] / spacing_mm**2)).astype(int)
    triangle = np.repeat(index, counts)
    number = np.arange(len(triangle)) - np.repeat(np.cumsum(counts) - counts, counts)
    u, v = (1 / 3 + number * 0.7548776662) % 1, (1 / 3 + number * 0.5698402910) % 1
    over = u + v > 1
    u, v = np.where(over, 1 - u, u), np.where(over, 1 - v, v)
    a, b, c = (mesh.corners[triangle, i] for i in range(3))
    return a + u[:, None] * (b - a) + v[:, None] * (c - a), triangle


def first_hits(mesh: Mesh, starts: np.ndarray, ways: np.ndarray, length_mm: float) -> tuple[np.ndarray, np.ndarray]:
    """Distance to the first face hit by each ray, inf for none, and the normal of that face (0 for none)."""
    distances, normals = np.full(len(starts), np.inf), np.zeros((len(starts), 3))
    for i, (start, end) in enumerate(zip(starts.tolist(), (starts + ways * length_mm).tolist(), strict=True)):
        hits = mesh.body.ray_cast(start, end)
        if hits:
            nearest = min(hits, key=lambda hit: hit.distance)
            distances[i], normals[i] = nearest.distance * length_mm, nearest.normal  # a share of the ray
    return distances, normals

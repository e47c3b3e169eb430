"""Pictures of solids with VTK, without a screen: shaded faces, dark edges, labels with leader lines."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib import get_data_path
from PIL import Image, ImageDraw, ImageFont

FONT = Path(get_data_path()) / "fonts" / "ttf" / "DejaVuSans.ttf"
INK = (38, 50, 56)


@dataclass(frozen=True)
class Shape:
    """A mesh to draw: vertices (n, 3) in mm, triangles (m, 3), colour 0-1, shift in mm, opacity."""

    points: np.ndarray
    triangles: np.ndarray
    colour: tuple[float, float, float]
    shift: tuple[float, float, float] = (0.0, 0.0, 0.0)
    opacity: float = 1.0


@dataclass(frozen=True)
class Label:
    """Words beside the picture, with a line to a point of the model (mm). side: left or right."""

    words: str
    at: tuple[float, float, float]
    side: str


@dataclass
class Scene:
    """What a picture shows, seen from where. eye: direction from the model to the viewer."""

    shapes: list[Shape]
    eye: tuple[float, float, float]
    up: tuple[float, float, float] = (0.0, 1.0, 0.0)
    labels: list[Label] = field(default_factory=list)
    size: tuple[int, int] = (960, 640)
    margin: float = 1.0


def draw(scene: Scene, path: Path) -> None:
    """Render the scene into a PNG file with a palette, at twice the size and then reduced."""
    import vtkmodules.vtkRenderingOpenGL2  # noqa: F401  (registers the renderer)
    from vtkmodules.vtkCommonCore import vtkLogger
    from vtkmodules.vtkRenderingCore import vtkRenderer, vtkRenderWindow

    vtkLogger.SetStderrVerbosity(vtkLogger.VERBOSITY_ERROR)  # not that there is no X server: it finds another way
    renderer, window = vtkRenderer(), vtkRenderWindow()
    width, height = (2 * side for side in scene.size)
    window.SetOffScreenRendering(1)
    window.SetMultiSamples(4)
    window.SetSize(width, height)
    window.AddRenderer(renderer)
    renderer.SetBackground(1, 1, 1)
    renderer.SetUseDepthPeeling(1)
    _light(renderer)
    for shape in scene.shapes:
        _add(renderer, shape)
    _aim(renderer, scene, width, height)
    window.Render()
    picture = _pixels(window)
    places = [_on_screen(renderer, label.at, height) for label in scene.labels]
    _letter(picture, scene.labels, places)
    small = _cropped(picture).reduce(2)
    path.parent.mkdir(parents=True, exist_ok=True)
    small.quantize(96, method=Image.Quantize.MEDIANCUT, dither=Image.Dither.NONE).save(path, optimize=True)
    window.Finalize()


def _light(renderer: Any) -> None:
    """A strong light from the upper left behind the viewer, and a weak one from the right."""
    from vtkmodules.vtkRenderingCore import vtkLight

    renderer.AutomaticLightCreationOff()
    for position, strength in (((-0.3, 0.7, 1.4), 0.8), ((1.0, 0.3, 0.8), 0.3), ((-0.6, -0.8, 0.9), 0.25)):
        light = vtkLight()
        light.SetLightTypeToCameraLight()
        light.SetPosition(*position)
        light.SetFocalPoint(0, 0, 0)
        light.SetIntensity(strength)
        renderer.AddLight(light)


def _add(renderer: Any, shape: Shape) -> None:
    from vtkmodules.vtkFiltersCore import vtkFeatureEdges, vtkPolyDataNormals
    from vtkmodules.vtkRenderingCore import vtkActor, vtkPolyDataMapper

    mesh = _polydata(shape)
    normals = vtkPolyDataNormals()
    normals.SetInputData(mesh)
    normals.SetFeatureAngle(30)
    edges = vtkFeatureEdges()
    edges.SetInputData(mesh)
    edges.SetFeatureAngle(28)
    edges.BoundaryEdgesOff()
    edges.ManifoldEdgesOff()
    edges.NonManifoldEdgesOff()
    for source, colour, is_line in ((normals, shape.colour, False), (edges, (0.15, 0.19, 0.22), True)):
        mapper, actor = vtkPolyDataMapper(), vtkActor()
        mapper.SetInputConnection(source.GetOutputPort())
        mapper.ScalarVisibilityOff()
        if is_line:
            mapper.SetResolveCoincidentTopologyToPolygonOffset()
            mapper.SetRelativeCoincidentTopologyLineOffsetParameters(-1, -4)
        actor.SetMapper(mapper)
        material = actor.GetProperty()
        material.SetColor(*colour)
        material.SetAmbient(1.0 if is_line else 0.3)
        material.SetDiffuse(0.0 if is_line else 0.85)
        material.SetSpecular(0.0 if is_line else 0.12)
        material.SetSpecularPower(25)
        material.SetLineWidth(2.0)
        material.SetOpacity(shape.opacity if not is_line else min(1.0, shape.opacity * 1.6))
        renderer.AddActor(actor)


def _polydata(shape: Shape) -> Any:
    from vtkmodules.util.numpy_support import numpy_to_vtk, numpy_to_vtkIdTypeArray
    from vtkmodules.vtkCommonCore import vtkPoints
    from vtkmodules.vtkCommonDataModel import vtkCellArray, vtkPolyData

    points, cells, mesh = vtkPoints(), vtkCellArray(), vtkPolyData()
    points.SetData(numpy_to_vtk(np.ascontiguousarray(shape.points + np.array(shape.shift)), deep=True))
    faces = np.hstack([np.full((len(shape.triangles), 1), 3), shape.triangles]).astype(np.int64)
    cells.SetCells(len(faces), numpy_to_vtkIdTypeArray(faces.ravel(), deep=True))
    mesh.SetPoints(points)
    mesh.SetPolys(cells)
    return mesh


def _aim(renderer: Any, scene: Scene, width: int, height: int) -> None:
    """A parallel view that holds all shapes; labels get a fifth of the width on their side."""
    corners = np.concatenate([s.points + np.array(s.shift) for s in scene.shapes])
    eye = np.array(scene.eye) / np.linalg.norm(scene.eye)
    right = np.cross(np.array(scene.up), eye)
    right /= np.linalg.norm(right)
    up = np.cross(eye, right)
    across, along = corners @ right, corners @ up
    sides = [any(label.side == side for label in scene.labels) for side in ("left", "right")]
    free = 0.97 - 0.22 * sum(sides)
    spread = max((np.ptp(along)) / 0.92, np.ptp(across) / free * height / width) / scene.margin
    shift = (sides[1] - sides[0]) * 0.11 * spread * width / height
    centre = right * ((across.max() + across.min()) / 2 + shift) + up * (along.max() + along.min()) / 2
    centre = centre + eye * (corners @ eye).mean()
    camera = renderer.GetActiveCamera()
    camera.SetFocalPoint(*centre)
    camera.SetPosition(*(centre + eye * 400))
    camera.SetViewUp(*up)
    camera.ParallelProjectionOn()
    camera.SetParallelScale(spread / 2)
    renderer.ResetCameraClippingRange()


def _pixels(window: Any) -> Image.Image:
    from vtkmodules.util.numpy_support import vtk_to_numpy
    from vtkmodules.vtkRenderingCore import vtkWindowToImageFilter

    grab = vtkWindowToImageFilter()
    grab.SetInput(window)
    grab.ReadFrontBufferOff()
    grab.Update()
    image = grab.GetOutput()
    width, height, _ = image.GetDimensions()
    values = vtk_to_numpy(image.GetPointData().GetScalars()).reshape(height, width, -1)
    return Image.fromarray(np.ascontiguousarray(values[::-1, :, :3]))


def _on_screen(renderer: Any, at: tuple[float, float, float], height: int) -> tuple[float, float]:
    renderer.SetWorldPoint(*at, 1.0)
    renderer.WorldToDisplay()
    x, y, _ = renderer.GetDisplayPoint()
    return x, height - y


def _cropped(picture: Image.Image) -> Image.Image:
    """Without most of the white above and below."""
    rows = np.flatnonzero((np.asarray(picture) < 250).any(axis=(1, 2)))
    top, end = max(0, rows[0] - 24), min(picture.height, rows[-1] + 24)
    return picture.crop((0, int(top) // 2 * 2, picture.width, (int(end) + 1) // 2 * 2))


def _letter(picture: Image.Image, labels: list[Label], places: list[tuple[float, float]]) -> None:
    """Labels in a column on each side, in the order of their points, never over each other."""
    pen, font = ImageDraw.Draw(picture), ImageFont.truetype(str(FONT), 34)
    width, height = picture.size
    for side in ("left", "right"):
        chosen = [(label, place) for label, place in zip(labels, places, strict=True) if label.side == side]
        column = sorted((place[1], place[0], label.words) for label, place in chosen)
        lines = [words.count("\n") + 1 for _, _, words in column]
        tops = _spread([y for y, _, _ in column], [41 * n + 24 for n in lines], height)
        for (y, x, words), top, count in zip(column, tops, lines, strict=True):
            wide = max(pen.textlength(line, font) for line in words.split("\n"))
            left = 24 if side == "left" else width - 24 - wide
            pen.multiline_text((left, top), words, INK, font, spacing=6)
            start = left + wide + 10 if side == "left" else left - 10
            middle = top + 21 * count
            pen.line([(start, middle), (x, y)], fill=INK, width=2)
            pen.ellipse([x - 6, y - 6, x + 6, y + 6], fill=INK)


def _spread(wanted: list[float], heights: list[int], limit: int) -> list[float]:
    """Tops near the wanted middles that keep their distance and stay within the picture."""
    tops, free = [], 16.0
    for middle, high in zip(wanted, heights, strict=True):
        tops.append(max(middle - high / 2, free))
        free = tops[-1] + high
    over = max(0.0, free - limit + 10)
    for at in range(len(tops) - 1, -1, -1):
        tops[at] -= over
        if at:
            over = max(0.0, tops[at - 1] + heights[at - 1] - over - tops[at]) if over else 0.0
            over = max(0.0, tops[at - 1] + heights[at - 1] - tops[at])
    return tops


def direction(turn_deg: float, raise_deg: float) -> tuple[float, float, float]:
    """From the model to the viewer: turned about y from the outside (+z) towards the runner's right, then raised."""
    turn, lift = math.radians(turn_deg), math.radians(raise_deg)
    return (math.sin(turn) * math.cos(lift), math.sin(lift), math.cos(turn) * math.cos(lift))

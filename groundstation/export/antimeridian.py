"""Lines on the globe cut where they cross the 180th meridian."""

from collections.abc import Sequence

Point = tuple[float, float]


def cut_at_antimeridian(
    longitude_deg: Sequence[float], latitude_deg: Sequence[float]
) -> list[list[Point]]:
    """Pieces of a line, (longitude, latitude) in degrees, none of which crosses 180 degrees.

    The line between two points takes the shorter way round. Both pieces get the point of the
    crossing, once at +180 and once at -180, as RFC 7946 section 3.1.9 asks. A step over a pole,
    half a turn of longitude or more, has no shorter way and is cut without a crossing point.

    >>> cut_at_antimeridian([179.0, -179.0], [10.0, 20.0])
    [[(179.0, 10.0), (180.0, 15.0)], [(-180.0, 15.0), (-179.0, 20.0)]]
    """
    pieces: list[list[Point]] = [[]]
    previous: Point | None = None
    for point in zip(longitude_deg, latitude_deg, strict=True):
        if previous is not None and abs(point[0] - previous[0]) > 180.0:
            edge = 180.0 if previous[0] > 0.0 else -180.0
            step = 360.0 - abs(point[0] - previous[0])
            if step > 0.0:
                share = (edge - previous[0]) / (edge - previous[0] + point[0] + edge)
                latitude = previous[1] + share * (point[1] - previous[1])
                pieces[-1].append((edge, latitude))
                pieces.append([(-edge, latitude)])
            else:
                pieces.append([])
        pieces[-1].append(point)
        previous = point
    return [piece for piece in pieces if len(piece) > 1]

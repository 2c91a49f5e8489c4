"""Canada on a plane, in kilometres: Lambert's conformal conic projection on the sphere.

Standard parallels 49 and 77 north, as Statistics Canada's maps have them. Good for drawing and for
"nearest"; up to 3 % off in length at the ends of the country, so distances for matching never use it.
Snyder, Map Projections: A Working Manual (1987), equations 15-1 to 15-5.
"""

import numpy as np

from careweb.domain.zoning import EARTH_KM, Floats

_SOUTH, _NORTH = np.radians(49.0), np.radians(77.0)
_LAT, _LON = np.radians(63.390675), np.radians(-91.866667)


def _stretch(lat: Floats) -> Floats:
    value: Floats = np.tan(np.pi / 4 + lat / 2)
    return value


_N = np.log(np.cos(_SOUTH) / np.cos(_NORTH)) / np.log(_stretch(_NORTH) / _stretch(_SOUTH))
_F = EARTH_KM * np.cos(_SOUTH) * _stretch(_SOUTH) ** _N / _N
_RHO = _F / _stretch(_LAT) ** _N


def to_plane(points: Floats) -> Floats:
    """(latitude, longitude) in degrees to (east, north) in km."""
    lat, lon = np.radians(points).T
    rho, angle = _F / _stretch(lat) ** _N, _N * (lon - _LON)
    return np.stack((rho * np.sin(angle), _RHO - rho * np.cos(angle)), axis=1)


def from_plane(points: Floats) -> Floats:
    """(east, north) in km to (latitude, longitude) in degrees."""
    east, north = points.T
    rho = np.hypot(east, _RHO - north)
    lat = 2 * np.arctan((_F / rho) ** (1 / _N)) - np.pi / 2
    lon = _LON + np.arctan2(east, _RHO - north) / _N
    degrees: Floats = np.degrees(np.stack((lat, lon), axis=1))
    return degrees

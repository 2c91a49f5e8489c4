"""`make sbom`: what an installation is made of, as CycloneDX, from the lock alone: the same lock gives the same bytes."""

import re
import sys
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from uuid import NAMESPACE_URL, uuid5

from cyclonedx.model import HashAlgorithm, HashType, Property
from cyclonedx.model.bom import Bom, BomMetaData
from cyclonedx.model.component import Component, ComponentType
from cyclonedx.output.json import JsonV1Dot6
from packageurl import PackageURL

ROOT = Path(__file__).parent.parent
LOCKS = {"requirements.txt": "to run", "requirements-dev.txt": "to develop and test"}
_PIN = re.compile(
    r"^([A-Za-z0-9._-]+)==([^\s;\\]+)(?: ; ([^\\\n]+?))? \\\n((?:    --hash=sha256:[0-9a-f]{64}(?: \\)?\n)+)", re.M
)


@dataclass(frozen=True, kw_only=True)
class Pin:
    name: str
    version: str
    marker: str  # on which systems; empty: on all
    hashes: tuple[str, ...]


def read_lock(text: str) -> Iterator[Pin]:
    for name, version, marker, hashes in _PIN.findall(text):
        yield Pin(name=name, version=version, marker=marker, hashes=tuple(re.findall(r"sha256:(\w+)", hashes)))


def bill_of_materials(lock: str, version: str) -> str:
    us = Component(name="careweb", version=version, type=ComponentType.APPLICATION, bom_ref="careweb")
    parts = [_component(pin) for pin in read_lock(lock)]
    bom = Bom(components=parts, metadata=BomMetaData(component=us), serial_number=uuid5(NAMESPACE_URL, lock))
    bom.metadata.timestamp = None  # type: ignore[assignment]  # the lock says it all
    bom.register_dependency(us, parts)
    return JsonV1Dot6(bom).output_as_string(indent=1) + "\n"


def _component(pin: Pin) -> Component:
    purl = PackageURL(type="pypi", name=pin.name, version=pin.version)
    where = [Property(name="careweb:marker", value=pin.marker)] if pin.marker else []
    # Each is the hash of one file that may be installed: the source, or a wheel for one system.
    files = [Property(name="careweb:file-sha256", value=one) for one in pin.hashes]
    first = [HashType(alg=HashAlgorithm.SHA_256, content=pin.hashes[0])] if len(pin.hashes) == 1 else []
    return Component(
        name=pin.name, version=pin.version, purl=purl, bom_ref=str(purl), hashes=first, properties=[*where, *files]
    )


def main(into: Path) -> None:
    version = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["version"]
    for lock, what in LOCKS.items():
        file = into / f"careweb-{lock.removesuffix('.txt')}.cdx.json"
        text = (ROOT / lock).read_text(encoding="utf-8")
        file.write_text(bill_of_materials(text, version), encoding="utf-8")
        print(f"{file}: {len(list(read_lock(text)))} packages {what}")  # noqa: T201


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT / ".cache")

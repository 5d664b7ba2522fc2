"""Addition of the Lambda runtime's packages to a bill of materials: `python -m release.bill_of_materials FILE`.

The function is deployed without packages. The runtime contains boto3 in a version that AWS chooses. So the bill lists
it as external and without a version (CycloneDX 1.7, `isExternal`), with the tested version in the description.
"""

import json
import re
import sys
from pathlib import Path
from typing import Any

TESTED = Path(__file__).parents[1] / "requirements-dev.txt"
RUNTIME = ("boto3", "botocore")
SOURCE = "https://docs.aws.amazon.com/lambda/latest/dg/lambda-python.html"


def main() -> None:
    """Add the runtime's packages to the file. The file stays reproducible."""
    file = Path(sys.argv[1])
    bill = json.loads(file.read_text(encoding="utf-8"))
    added = [component(name) for name in RUNTIME]
    bill["components"] += added
    subject = bill["metadata"]["component"]["bom-ref"]
    (root,) = (one for one in bill["dependencies"] if one["ref"] == subject)
    root["dependsOn"] = sorted([*root.get("dependsOn", []), *(one["bom-ref"] for one in added)])
    bill["dependencies"] += [{"ref": one["bom-ref"]} for one in added]
    file.write_text(json.dumps(bill, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


def component(name: str) -> dict[str, Any]:
    """Return the component of one package of the runtime."""
    (tested,) = re.findall(rf"^{name}==(\S+)", TESTED.read_text(encoding="utf-8"), re.MULTILINE)
    return {
        "type": "library",
        "bom-ref": f"aws-lambda-runtime/{name}",
        "name": name,
        "isExternal": True,
        "versionRange": "vers:pypi/*",
        "purl": f"pkg:pypi/{name}",
        "description": f"Runs in the function, in the version of AWS's Lambda runtime. Tested with {tested}.",
        "externalReferences": [{"type": "documentation", "url": SOURCE}],
    }


if __name__ == "__main__":
    main()

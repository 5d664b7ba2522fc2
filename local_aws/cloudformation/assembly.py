"""Publication of a cloud assembly, as the CDK CLI does it."""

import io
import json
import zipfile
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from botocore.exceptions import ClientError

from local_aws.shapes import Client, Json

ACCOUNT = "000000000000"
BUCKET = "cdk-hnb659fds-assets-${AWS::AccountId}-${AWS::Region}"
VERSION = "/cdk-bootstrap/hnb659fds/version"
EPOCH = (1980, 1, 1, 0, 0, 0)


def choose(folder: Path, stack: str | None, region: str) -> tuple[str, str]:
    """Return the name of a stack, by default the only one, and the S3 URL of its template."""
    artifacts = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))["artifacts"].items()
    templates = {
        artifact["properties"].get("stackName", name): artifact["properties"]["stackTemplateAssetObjectUrl"]
        for name, artifact in artifacts
        if artifact["type"] == "aws:cloudformation:stack" and stack in {None, name}
    }
    [(name, url)] = templates.items()
    return name, _placed(url.removeprefix("s3://"), region)


def publish(folder: Path, s3: Client, ssm: Client) -> None:
    """Upload the assets in the manifests, and create the bootstrap version's parameter."""
    region = s3.meta.region_name
    ssm.put_parameter(Name=VERSION, Value="30", Type="String", Overwrite=True)
    for bucket, key, content in _assets(folder):
        _ensure(s3, _placed(bucket, region))
        s3.put_object(Bucket=_placed(bucket, region), Key=key, Body=content)


def unpublish(s3: Client, ssm: Client) -> None:
    """Delete the bucket and the parameter, so that the real bootstrap stack can be created."""
    bucket = _placed(BUCKET, s3.meta.region_name)
    with suppress(ClientError):
        for file in s3.list_objects_v2(Bucket=bucket).get("Contents", []):
            s3.delete_object(Bucket=bucket, Key=file["Key"])
        s3.delete_bucket(Bucket=bucket)
        ssm.delete_parameter(Name=VERSION)


def unlock(s3: Client) -> None:
    """Delete the policy of the bootstrap bucket, which requires HTTPS. The emulator does not support HTTPS."""
    s3.delete_bucket_policy(Bucket=_placed(BUCKET, s3.meta.region_name))


def _ensure(s3: Client, bucket: str) -> None:
    try:
        s3.head_bucket(Bucket=bucket)
    except ClientError:
        s3.create_bucket(Bucket=bucket)


def _placed(name: str, region: str) -> str:
    return name.replace("${AWS::AccountId}", ACCOUNT).replace("${AWS::Region}", region)


def _assets(folder: Path) -> Iterator[tuple[str, str, bytes]]:
    for manifest in folder.glob("*.assets.json"):
        for file in json.loads(manifest.read_text(encoding="utf-8"))["files"].values():
            for destination in file["destinations"].values():
                yield destination["bucketName"], destination["objectKey"], _content(folder, file["source"])


def _content(folder: Path, source: Json) -> bytes:
    path = folder / source["path"]
    return _zipped(path) if source["packaging"] == "zip" else path.read_bytes()


def _zipped(folder: Path) -> bytes:
    """Zip a folder. The same content gives the same bytes."""
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as archive:
        for path in sorted(path for path in folder.rglob("*") if path.is_file()):
            archive.writestr(zipfile.ZipInfo(str(path.relative_to(folder)), EPOCH), path.read_bytes())
    return target.getvalue()

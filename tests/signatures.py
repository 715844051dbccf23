"""Signs received requests again, with the packages of the clouds' vendors.

Reads one JSON object a line from standard input: provider, method, path, query, headers (names in lower case), body,
id and secret (of the key that has to have signed it). Answers each with a line: the `Authorization` it should carry.
"""

import json
import sys
from datetime import datetime, timezone
from hashlib import sha256
from types import SimpleNamespace
from urllib.parse import parse_qsl

from alibabacloud_openapi_util.client import Client as Aliyun
from huaweicloudsdkcore.sdk_request import SdkRequest
from huaweicloudsdkcore.signer.signer import Signer as Huawei
from qcloud_cos import cos_auth
from tencentcloud.common.abstract_client import AbstractClient as Tencent
from tencentcloud.common.sign import Sign
from volcenginesdkcore import signv4


def aliyun(request):
    algorithm = "ACS3-HMAC-SHA256"
    # What has to be signed is the documentation's to say, not the request's.
    headers = {
        name: value
        for name, value in request["headers"].items()
        if name in ("host", "content-type") or name.startswith("x-acs-")
    }
    signed = SimpleNamespace(
        method=request["method"],
        pathname=request["path"],
        query=dict(parse_qsl(request["query"], keep_blank_values=True, strict_parsing=True)),
        headers=headers,
    )
    payload = Aliyun.hex_encode(Aliyun.hash(request["body"].encode(), algorithm))
    return Aliyun.get_authorization(signed, algorithm, payload, request["id"], request["secret"])


def tencent(request):
    headers, secret = request["headers"], request["secret"]
    timestamp = headers["x-tc-timestamp"]
    date = datetime.fromtimestamp(int(timestamp), timezone.utc).strftime("%Y-%m-%d")
    services = {"2022-06-27": "region", "2017-03-20": "cdb", "2018-04-12": "redis"}
    service = services.get(headers["x-tc-version"], "cvm")

    def sign(lines):
        head = "".join(f"{name}:{value}\n" for name, value in lines)
        names = ";".join(name for name, _ in lines)
        payload = sha256(request["body"].encode()).hexdigest()
        canonical = "\n".join([request["method"], request["path"], request["query"], head, names, payload])
        digest = sha256(canonical.encode()).hexdigest()
        scope = f"{date}/{service}/tc3_request"
        to_sign = "\n".join(["TC3-HMAC-SHA256", timestamp, scope, digest])
        return scope, names, Sign.sign_tc3(secret, date, service, to_sign)

    # The package signs these two headers only: its own signature of them has to come out of `sign` as well.
    plain = [("content-type", headers["content-type"]), ("host", headers["host"])]
    official = SimpleNamespace(
        method=request["method"],
        uri=request["path"],
        data=request["body"],
        header={
            "Content-Type": headers["content-type"],
            "Host": headers["host"],
            "X-TC-Timestamp": timestamp,
        },
    )
    expected = Tencent._get_tc3_signature(None, None, official, date, service, secret)
    if sign(plain)[2] != expected:
        raise SystemExit("the canonical request is not the package's")
    # The action is signed with them, as the vendor's documentation has it.
    scope, names, signature = sign(plain + [("x-tc-action", headers["x-tc-action"].lower())])
    return f"TC3-HMAC-SHA256 Credential={request['id']}/{scope}, SignedHeaders={names}, Signature={signature}"


def huawei(request):
    headers = request["headers"]
    signed = SdkRequest(
        method=request["method"],
        schema="http",
        host=headers["host"],
        resource_path=request["path"],
        query_params=parse_qsl(request["query"], keep_blank_values=True, strict_parsing=bool(request["query"])),
        header_params={name: headers[name] for name in ("host", "x-sdk-date", "x-security-token") if name in headers},
        body=request["body"],
    )
    Huawei(SimpleNamespace(ak=request["id"], sk=request["secret"])).sign(signed)
    return signed.header_params["Authorization"]


def volcengine(request):
    received = request["headers"]
    at = datetime.strptime(received["x-date"], "%Y%m%dT%H%M%SZ")
    # The package takes the time from the clock: here it is the request's.
    signv4.datetime = SimpleNamespace(datetime=SimpleNamespace(utcnow=lambda: at))
    service = "storage_ebs" if "Action=DescribeVolumes" in request["query"] else "ecs"
    region = received["authorization"].split("/")[2]
    headers = {"Host": received["host"]}
    signv4.SignerV4.sign(
        request["path"],
        request["method"],
        headers,
        request["body"],
        {},
        parse_qsl(request["query"], keep_blank_values=True, strict_parsing=True),
        request["id"],
        request["secret"],
        region,
        service,
        received.get("x-security-token"),
    )
    return headers["Authorization"]


def cos(request):
    headers = request["headers"]
    begin, end = headers["authorization"].split("q-sign-time=")[1].split("&")[0].split(";")
    # The package takes the time from the clock: here it is the request's.
    cos_auth.time = SimpleNamespace(time=lambda: int(begin) + 60)
    configured = SimpleNamespace(
        _secret_id=request["id"], _secret_key=request["secret"], _anonymous=False, _sign_params=True, _sign_host=True
    )
    parameters = dict(parse_qsl(request["query"], keep_blank_values=True, strict_parsing=True))
    sign = cos_auth.CosS3Auth(configured, request["path"], parameters, int(end) - int(begin) - 60)
    signed = {name: value for name, value in headers.items() if name == "host" or name.startswith("x-cos-")}
    sent = SimpleNamespace(method=request["method"], url="http://" + headers["host"], headers=signed)
    return sign(sent).headers["Authorization"]


SIGN = {"aliyun": aliyun, "cos": cos, "huawei": huawei, "tencent": tencent, "volcengine": volcengine}

for line in sys.stdin:
    request = json.loads(line)
    print(SIGN[request["provider"]](request))

"""Holds JSON documents against JSON Schemas.

Reads {"schemas": …, "documents": {name: document}} from standard input; prints, by name, what is wrong with each document.
"""

import json
import sys

from jsonschema import Draft202012Validator

request = json.load(sys.stdin)
Draft202012Validator.check_schema(request["schemas"])
validator = Draft202012Validator(request["schemas"])
errors = {name: [error.message for error in validator.iter_errors(document)]
          for name, document in request["documents"].items()}
json.dump({name: messages for name, messages in errors.items() if messages}, sys.stdout)

"""Starts moto with what it lacks: for every database its own id, and a list of serverless caches."""

import sys
from hashlib import sha256

from moto.core.responses import ActionResult
from moto.elasticache.responses import ElastiCacheResponse
from moto.rds.models import DBInstance
from moto.server import main

make = DBInstance.__init__


def make_with_own_id(self, *arguments, **named):
    make(self, *arguments, **named)
    self.dbi_resource_id = "db-" + sha256(self.db_instance_identifier.encode()).hexdigest()[:26].upper()


DBInstance.__init__ = make_with_own_id
ElastiCacheResponse.describe_serverless_caches = lambda self: ActionResult({"ServerlessCaches": []})

main(sys.argv[1:])

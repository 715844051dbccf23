//! EC2, RDS, `ElastiCache` and S3, as moto plays them: a server that verifies signatures and that nobody here has written.

use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};

use toml::{Table, Value};

use super::check_counts;
use crate::support::{Sandbox, poll, python_program, run_python};

const MOTO: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/aws_double.py");

/// The seed's calls, which need no signature; every later one does.
const UNSIGNED_CALLS: &str = "6";
const UNSIGNED_DATABASE_CALLS: &str = "8";
const UNSIGNED_OTHER_CALLS: &str = "10";

/// Makes a user who may do everything in EC2, three reservations in one region and one in another.
const SEED: &str = r#"
import boto3, json, sys
def client(service, region): return boto3.client(service, region_name=region, endpoint_url=sys.argv[1],
    aws_access_key_id="x", aws_secret_access_key="x")
iam = client("iam", "us-east-1")
iam.create_user(UserName="tongbu")
key = iam.create_access_key(UserName="tongbu")["AccessKey"]
statement = {"Effect": "Allow", "Action": "ec2:*", "Resource": "*"}
iam.put_user_policy(UserName="tongbu", PolicyName="ec2",
    PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [statement]}))
def run(region, count): client("ec2", region).run_instances(ImageId="ami-12c6146b", MinCount=count, MaxCount=count,
    InstanceType="t3.micro", BlockDeviceMappings=[{"DeviceName": "/dev/sdf", "Ebs": {"VolumeSize": 50}}],
    TagSpecifications=[{"ResourceType": "instance", "Tags": [{"Key": "Name", "Value": "web"}]}])
run("us-east-1", 5); run("us-east-1", 3); run("eu-west-1", 2)
print(key["AccessKeyId"], key["SecretAccessKey"])
"#;

/// Terminates one instance, stops another and renames a third.
const CHANGE: &str = r#"
import boto3, sys
ec2 = boto3.client("ec2", region_name="us-east-1", endpoint_url=sys.argv[1],
    aws_access_key_id=sys.argv[2], aws_secret_access_key=sys.argv[3])
ids = sorted(i["InstanceId"] for r in ec2.describe_instances()["Reservations"] for i in r["Instances"])
ec2.terminate_instances(InstanceIds=ids[:1])
ec2.stop_instances(InstanceIds=ids[1:2])
ec2.create_tags(Resources=ids[2:3], Tags=[{"Key": "Name", "Value": "renamed"}])
"#;

/// A user who may read databases, four databases in one region and one in another.
const DATABASE_SEED: &str = r#"
import boto3, json, sys
def client(service, region): return boto3.client(service, region_name=region, endpoint_url=sys.argv[1],
    aws_access_key_id="x", aws_secret_access_key="x")
iam = client("iam", "us-east-1")
iam.create_user(UserName="tongbu")
key = iam.create_access_key(UserName="tongbu")["AccessKey"]
statement = {"Effect": "Allow", "Action": "rds:*", "Resource": "*"}
iam.put_user_policy(UserName="tongbu", PolicyName="rds",
    PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [statement]}))
for region, name in [("us-east-1", "a"), ("us-east-1", "b"), ("us-east-1", "c"), ("us-east-1", "d"), ("eu-west-1", "e")]:
    client("rds", region).create_db_instance(DBInstanceIdentifier="orders-" + name, DBInstanceClass="db.t4g.medium",
        Engine="postgres", AllocatedStorage=50, MasterUsername="root", MasterUserPassword="12345678",
        Tags=[{"Key": "env", "Value": "prod"}])
print(key["AccessKeyId"], key["SecretAccessKey"])
"#;

/// Deletes one database, resizes another and tags a third.
const DATABASE_CHANGE: &str = r#"
import boto3, sys
rds = boto3.client("rds", region_name="us-east-1", endpoint_url=sys.argv[1],
    aws_access_key_id=sys.argv[2], aws_secret_access_key=sys.argv[3])
rds.delete_db_instance(DBInstanceIdentifier="orders-a", SkipFinalSnapshot=True)
rds.modify_db_instance(DBInstanceIdentifier="orders-b", AllocatedStorage=80, ApplyImmediately=True)
arn = rds.describe_db_instances(DBInstanceIdentifier="orders-c")["DBInstances"][0]["DBInstanceArn"]
rds.add_tags_to_resource(ResourceName=arn, Tags=[{"Key": "env", "Value": "test"}])
"#;

/// A user who may read caches and buckets, one group of caches, one cluster alone, and three buckets.
const OTHER_SEED: &str = r#"
import boto3, json, sys
def client(service, region): return boto3.client(service, region_name=region, endpoint_url=sys.argv[1],
    aws_access_key_id="x", aws_secret_access_key="x")
iam = client("iam", "us-east-1")
iam.create_user(UserName="tongbu")
key = iam.create_access_key(UserName="tongbu")["AccessKey"]
statement = {"Effect": "Allow", "Action": ["elasticache:*", "s3:*", "tag:*", "tagging:*"], "Resource": "*"}
iam.put_user_policy(UserName="tongbu", PolicyName="other",
    PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [statement]}))
caches = client("elasticache", "us-east-1")
caches.create_replication_group(ReplicationGroupId="session", ReplicationGroupDescription="sessions", Engine="redis",
    CacheNodeType="cache.t4g.small", NumCacheClusters=2)
caches.create_cache_cluster(CacheClusterId="alone", Engine="memcached", CacheNodeType="cache.t4g.small", NumCacheNodes=1)
buckets = client("s3", "us-east-1")
for name in ["logs-1", "logs-2", "logs-3"]: buckets.create_bucket(Bucket=name)
buckets.put_bucket_tagging(Bucket="logs-1", Tagging={"TagSet": [{"Key": "env", "Value": "prod"}]})
buckets.put_bucket_versioning(Bucket="logs-2", VersioningConfiguration={"Status": "Enabled"})
print(key["AccessKeyId"], key["SecretAccessKey"])
"#;

/// The server, ended with the test.
struct Moto {
    server: Child,
    url: String,
}

impl Moto {
    fn start(unsigned_calls: &str) -> Self {
        let port =
            TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).and_then(|free| free.local_addr()).expect("a port").port();
        let server = Command::new(python_program("python"))
            .args([MOTO, "-H", "127.0.0.1", "-p", &port.to_string()])
            .env("INITIAL_NO_AUTH_ACTION_COUNT", unsigned_calls)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("moto starts");
        let moto = Self { server, url: format!("http://127.0.0.1:{port}") };
        poll("moto", || TcpStream::connect((Ipv4Addr::LOCALHOST, port)).is_ok());
        moto
    }

    /// Runs a script against the server; what it prints, in words.
    fn script(&self, text: &str, arguments: &[&str]) -> Vec<String> {
        let arguments = [&["-", &self.url], arguments].concat();
        run_python(&arguments, text).split_whitespace().map(str::to_owned).collect()
    }
}

impl Drop for Moto {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.server.kill();
        let _ = self.server.wait();
    }
}

#[test]
fn instances_of_a_server_that_verifies_signatures_are_synced() {
    let moto = Moto::start(UNSIGNED_CALLS);
    let key = moto.script(SEED, &[]);
    let sandbox = sandbox_of(&moto, &key);
    check_counts(&sandbox.ecs_pass("").expect(0), [10, 0, 0, 0, 0]);
    check_counts(&sandbox.ecs_pass("").expect(0), [0, 0, 10, 0, 0]);
    let sized = "ecs_instances, json_each(data_disks) WHERE json_extract(value, '$.size_gib') = 50";
    assert_eq!(sandbox.database().count(sized), 10);
    let specified = "ecs_instances WHERE cpu_count = 2 AND memory_mib = 1024";
    assert_eq!(sandbox.database().count(specified), 10);
    assert_eq!(sandbox.database().count("ecs_types WHERE instance_type = 't3.micro' AND cpu_count = 2"), 1);

    moto.script(CHANGE, &[&key[0], &key[1]]);
    check_counts(&sandbox.ecs_pass("--incremental").expect(0), [0, 2, 7, 1, 0]);
    check_counts(&sandbox.ecs_pass("--status-only").expect(0), [0, 0, 9, 0, 0]);
    sandbox.home.secret("aws-key", "not-the-secret-0000");
    sandbox.ecs_pass("").expect(6);
    assert_eq!(sandbox.database().count("ecs_instances WHERE deleted_at IS NULL"), 9);
}

/// Everything of one account goes to that server.
fn sandbox_of(moto: &Moto, key: &[String]) -> Sandbox {
    let mut sandbox = Sandbox::small();
    let here = |service: &str| (service.to_owned(), Value::from(moto.url.as_str()));
    let account = Table::from_iter([
        ("name".to_owned(), "aws".into()),
        ("provider".to_owned(), "aws".into()),
        ("access_key_id".to_owned(), sandbox.home.secret("aws-id", &key[0])),
        ("access_key_secret".to_owned(), sandbox.home.secret("aws-key", &key[1])),
        ("endpoint".to_owned(), moto.url.as_str().into()),
        (
            "endpoints".to_owned(),
            ["databases", "caches", "buckets", "tags"].map(here).into_iter().collect::<Table>().into(),
        ),
        ("regions".to_owned(), vec!["us-east-1", "eu-west-1"].into()),
    ]);
    sandbox.home.set("ecs.accounts", Value::Array(vec![account.into()]));
    sandbox
}

#[test]
fn databases_of_a_server_that_verifies_signatures_are_synced() {
    let moto = Moto::start(UNSIGNED_DATABASE_CALLS);
    let key = moto.script(DATABASE_SEED, &[]);
    let sandbox = sandbox_of(&moto, &key);
    check_counts(&sandbox.ecs_pass("--resource database").expect(0), [5, 0, 0, 0, 0]);
    check_counts(&sandbox.ecs_pass("--resource database").expect(0), [0, 0, 5, 0, 0]);
    let normal = "cloud_databases WHERE status = 'running' AND engine = 'postgres' AND storage_gib = 50
                  AND tags LIKE '%prod%' AND endpoints LIKE '%:5432%' AND name LIKE 'orders-%'";
    assert_eq!(sandbox.database().count(normal), 5);
    moto.script(DATABASE_CHANGE, &[&key[0], &key[1]]);
    check_counts(&sandbox.ecs_pass("--resource database").expect(0), [0, 2, 2, 1, 0]);
    let changed = sandbox.database().texts("SELECT field FROM cloud_changes WHERE kind = 'updated' ORDER BY field");
    assert_eq!(changed, ["storage_gib", "tags"]);
}

#[test]
fn caches_and_buckets_of_a_server_that_verifies_signatures_are_synced() {
    let moto = Moto::start(UNSIGNED_OTHER_CALLS);
    let key = moto.script(OTHER_SEED, &[]);
    let sandbox = sandbox_of(&moto, &key);
    for kind in ["cache", "bucket"] {
        let outcome = sandbox.ecs_pass(&format!("--resource {kind}")).expect(0);
        let again = sandbox.ecs_pass(&format!("--resource {kind}")).expect(0);
        assert!(outcome.count("new") >= 2 && again.count("unchanged") == outcome.count("new"), "{}", again.stdout);
    }
    let database = sandbox.database();
    assert_eq!(database.count("cloud_caches WHERE cache_id = 'session' AND status = 'running'"), 1);
    assert_eq!(database.count("cloud_caches WHERE cache_id = 'alone' AND engine = 'memcached'"), 1);
    assert_eq!(database.count("cloud_buckets WHERE region = 'us-east-1' AND access = 'public-possible'"), 3);
    assert_eq!(database.count("cloud_buckets WHERE name = 'logs-1' AND tags LIKE '%prod%'"), 1);
    assert_eq!(database.count("cloud_buckets WHERE name = 'logs-2' AND versioning = 'enabled'"), 1);
}

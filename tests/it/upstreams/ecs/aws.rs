//! EC2, as moto plays it: a server that verifies signatures and that nobody here has written.

use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};

use toml::{Table, Value};

use super::check_counts;
use crate::support::{Sandbox, poll, python_program, run_python};

/// The seed's calls, which need no signature; every later one does.
const UNSIGNED_CALLS: &str = "6";

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

/// The server, ended with the test.
struct Moto {
    server: Child,
    url: String,
}

impl Moto {
    fn start() -> Self {
        let port =
            TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).and_then(|free| free.local_addr()).expect("a port").port();
        let server = Command::new(python_program("moto_server"))
            .args(["-H", "127.0.0.1", "-p", &port.to_string()])
            .env("INITIAL_NO_AUTH_ACTION_COUNT", UNSIGNED_CALLS)
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
    let moto = Moto::start();
    let key = moto.script(SEED, &[]);
    let mut sandbox = Sandbox::small();
    let account = Table::from_iter([
        ("name".to_owned(), "aws".into()),
        ("provider".to_owned(), "aws".into()),
        ("access_key_id".to_owned(), sandbox.home.secret("aws-id", &key[0])),
        ("access_key_secret".to_owned(), sandbox.home.secret("aws-key", &key[1])),
        ("endpoint".to_owned(), moto.url.as_str().into()),
        ("regions".to_owned(), vec!["us-east-1", "eu-west-1"].into()),
    ]);
    sandbox.home.set("ecs.accounts", Value::Array(vec![account.into()]));
    check_counts(&sandbox.ecs_pass("").expect(0), [10, 0, 0, 0, 0]);
    check_counts(&sandbox.ecs_pass("").expect(0), [0, 0, 10, 0, 0]);
    let sized = "ecs_instances, json_each(data_disks) WHERE json_extract(value, '$.size_gib') = 50";
    assert_eq!(sandbox.database().count(sized), 10);

    moto.script(CHANGE, &[&key[0], &key[1]]);
    check_counts(&sandbox.ecs_pass("--incremental").expect(0), [0, 2, 7, 1, 0]);
    check_counts(&sandbox.ecs_pass("--status-only").expect(0), [0, 0, 9, 0, 0]);
    sandbox.home.secret("aws-key", "not-the-secret-0000");
    sandbox.ecs_pass("").expect(6);
    assert_eq!(sandbox.database().count("ecs_instances WHERE deleted_at IS NULL"), 9);
}

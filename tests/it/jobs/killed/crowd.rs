//! The processes: who they are, how they are started, and how they are killed and started anew.

use std::fs::OpenOptions;
use std::process::Stdio;
use std::time::Duration;

use chrono::{DateTime, Utc};
use rand::RngExt as _;
use rand::rngs::Xoshiro256PlusPlus;
use serde_json::Value;
use tempfile::TempDir;
use tokio::process::{Child, Command};

use crate::support::api::PASSWORD;
use crate::support::eventually;
use crate::support::program::{Program, printed};

const WORKER_EMAIL: &str = "worker@example.com";

/// The worker of the examples, with work that goes wrong or takes longer than a lease where it is asked for.
const FORTUNE_WORKER: &str = r#"
import sys, time
sys.path.insert(0, sys.argv.pop(1))
import fortune_worker
draw = fortune_worker.draw
def draw_as_asked(job, heartbeat):
    question = job["input"]["question"]
    if question == "why?":
        raise ValueError("nobody knows")
    if question == "how long?":
        time.sleep(2.5)
    return draw(job, heartbeat)
fortune_worker.draw = draw_as_asked
fortune_worker.main()
"#;

/// What a process does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    Server,
    StatementWorker,
    FortuneWorker,
}

/// That a process was killed.
#[derive(Debug, Clone, Copy)]
pub struct Kill {
    pub role: Role,
    pub process_id: u32,
    pub at: DateTime<Utc>,
}

/// One server, two workers of the program, and two that work over HTTP, if there is a Python.
pub struct Crowd {
    pub program: Program,
    pub url: String,
    /// Where all of them keep files of results.
    pub storage: TempDir,
    pub kills: Vec<Kill>,
    python: Option<String>,
    members: Vec<(Role, Child)>,
}

/// A port that no system gives to outgoing connections, so that nobody has it when its server is started anew.
pub fn port_of_its_own(random: &mut Xoshiro256PlusPlus) -> u16 {
    for _ in 0..1000 {
        let port = random.random_range(15_000..30_000);
        if std::net::TcpListener::bind(("127.0.0.1", port)).is_ok() {
            return port;
        }
    }
    panic!("no port is free");
}

impl Crowd {
    /// Starts them; returns when the server serves.
    pub async fn start(program: Program, port: u16) -> Self {
        let storage = TempDir::new().unwrap();
        let place = format!("file://{}", storage.path().display());
        let mut crowd = Self {
            program: program.set("RESULT_STORAGE_URL", &place),
            url: format!("http://127.0.0.1:{port}"),
            storage,
            kills: Vec::new(),
            python: python().await,
            members: Vec::new(),
        };
        let arguments = [
            "user",
            "create",
            "--email",
            WORKER_EMAIL,
            "--role",
            "service",
        ];
        let made = crowd
            .program
            .run_with_input(&arguments, &format!("{PASSWORD}\n"))
            .await;
        assert!(made.status.success(), "{}", printed(&made));
        crowd.add(Role::Server);
        let client = crate::support::client();
        eventually("the server serves", async || {
            client
                .get(format!("{}/health", crowd.url))
                .send()
                .await
                .is_ok()
        })
        .await;
        let mut others = vec![Role::StatementWorker; 2];
        match &crowd.python {
            Some(_) => others.extend([Role::FortuneWorker; 2]),
            None => crate::support::say_skipped_for_want_of("python3 for its workers over HTTP"),
        }
        for role in others {
            crowd.add(role);
        }
        crowd
    }

    /// Whether somebody draws fortunes.
    pub fn draws_fortunes(&self) -> bool {
        self.python.is_some()
    }

    /// Kills one of them and starts it anew. Nobody may have ended on its own.
    pub async fn kill_one(&mut self, random: &mut Xoshiro256PlusPlus) {
        let mut members = self.members.iter_mut();
        let ended = members.find_map(|(role, child)| Some((*role, child.try_wait().unwrap()?)));
        if let Some((role, status)) = ended {
            panic!(
                "a {role:?} ended that nobody killed: {status}\n{}",
                self.logs()
            );
        }
        let place = random.random_range(0..self.members.len());
        let (role, mut child) = self.members.swap_remove(place);
        let process_id = child.id().unwrap();
        let at = Utc::now();
        child.kill().await.unwrap();
        self.kills.push(Kill {
            role,
            process_id,
            at,
        });
        self.add(role);
    }

    /// Ends all of them.
    pub async fn end(mut self) {
        for (_, child) in &mut self.members {
            child.kill().await.unwrap();
        }
    }

    /// From when to when no server served; the last one may go on.
    pub fn times_without_server(&self) -> Vec<(DateTime<Utc>, DateTime<Utc>)> {
        let serving: Vec<DateTime<Utc>> = self
            .log(Role::Server)
            .lines()
            .filter(|line| line.contains("serving on "))
            .map(|line| serde_json::from_str::<Value>(line).unwrap())
            .map(|line| line["timestamp"].as_str().unwrap().parse().unwrap())
            .collect();
        let killed = self.kills.iter().filter(|kill| kill.role == Role::Server);
        let mut times: Vec<(DateTime<Utc>, DateTime<Utc>)> = Vec::new();
        for kill in killed {
            let until = serving.iter().find(|time| **time > kill.at);
            let until = until.copied().unwrap_or_else(Utc::now);
            match times.last_mut() {
                // Killed before it served.
                Some(last) if last.1 >= until => {}
                _ => times.push((kill.at, until)),
            }
        }
        times
    }

    /// How many were killed, for people.
    pub fn told_kills(&self) -> String {
        let of = |role| self.kills.iter().filter(|kill| kill.role == role).count();
        format!(
            "{} kills: {} of the server, {} of workers of the program, {} of workers over HTTP",
            self.kills.len(),
            of(Role::Server),
            of(Role::StatementWorker),
            of(Role::FortuneWorker)
        )
    }

    /// The ends of all logs, for whoever looks for a fault.
    pub fn logs(&self) -> String {
        [Role::Server, Role::StatementWorker, Role::FortuneWorker]
            .map(|role| {
                let log = self.log(role);
                let lines: Vec<&str> = log.lines().collect();
                format!(
                    "{role:?}:\n{}\n",
                    lines[lines.len().saturating_sub(40)..].join("\n")
                )
            })
            .concat()
    }

    fn log(&self, role: Role) -> String {
        let path = self.program.directory.path().join(format!("{role:?}.log"));
        std::fs::read_to_string(path).unwrap_or_default()
    }

    fn add(&mut self, role: Role) {
        let mut command = match role {
            Role::Server => self.program.command(&["serve"]),
            Role::StatementWorker => self.program.command(&["worker"]),
            Role::FortuneWorker => self.fortune_worker(),
        };
        let path = self.program.directory.path().join(format!("{role:?}.log"));
        let log = OpenOptions::new()
            .create(true)
            .append(true)
            .open(path)
            .unwrap();
        command.stdout(log.try_clone().unwrap()).stderr(log);
        self.members.push((role, command.spawn().unwrap()));
    }

    fn fortune_worker(&self) -> Command {
        let examples = concat!(env!("CARGO_MANIFEST_DIR"), "/examples");
        let mut command = Command::new(self.python.as_ref().unwrap());
        command
            .args(["-B", "-c", FORTUNE_WORKER, examples])
            .env("API_URL", format!("{}/api/v1", self.url))
            .env("WORKER_EMAIL", WORKER_EMAIL)
            .env("WORKER_PASSWORD", PASSWORD)
            .stdin(Stdio::null())
            .kill_on_drop(true);
        command
    }
}

/// The interpreter itself, and not a script that starts it: what is killed has to be it.
async fn python() -> Option<String> {
    let asked = Command::new("python3")
        .args(["-c", "import sys; print(sys.executable)"])
        .output();
    let output = match tokio::time::timeout(Duration::from_secs(60), asked)
        .await
        .unwrap()
    {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return None,
        output => output.unwrap(),
    };
    output
        .status
        .success()
        .then(|| String::from_utf8(output.stdout).unwrap().trim().to_owned())
}

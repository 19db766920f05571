//! The small file by which a second process finds the server of the first. It may hold a password: mode 0600.

use std::collections::BTreeMap;
use std::path::Path;

use crate::address::Address;
use crate::server::Running;
use crate::{Engine, Error, Server, files};

/// Writes how to reach the server.
pub(crate) fn write(file: &Path, server: &Server) -> Result<(), Error> {
    let mut lines = vec![
        format!("process={}", std::process::id()),
        format!("database={}", server.database),
        format!("max_connections={}", server.max_connections),
    ];
    match &server.address {
        Address::Socket(directory) => lines.push(format!("socket={}", directory.display())),
        Address::Port { port, password } => {
            lines.push(format!("port={port}"));
            lines.push(format!("password={password}"));
        }
        // Never in a data directory.
        Address::Url { .. } => return Ok(()),
    }
    match &server.engine {
        Engine::Local { bin_dir, version } => {
            lines.push(format!("bin_dir={}", bin_dir.display()));
            lines.push(format!("version={version}"));
        }
        Engine::Embedded { version } => lines.push(format!("version={version}")),
        Engine::External => {}
    }
    lines.push(String::new());
    files::write_private(file, &lines.join("\n"))
}

/// The server that the file leads to, if it answers.
pub(crate) fn attach(file: &Path) -> Option<Server> {
    let fields = read(file)?;
    let version = fields.get("version")?.clone();
    let engine = match fields.get("bin_dir") {
        Some(bin_dir) => Engine::Local {
            bin_dir: bin_dir.into(),
            version,
        },
        None => Engine::Embedded { version },
    };
    let address = match fields.get("socket") {
        Some(directory) => Address::Socket(directory.into()),
        None => Address::Port {
            port: fields.get("port")?.parse().ok()?,
            password: fields.get("password").cloned().unwrap_or_default(),
        },
    };
    address.answers().then_some(())?;
    Some(Server {
        engine,
        address,
        database: fields.get("database")?.clone(),
        max_connections: fields.get("max_connections")?.parse().ok()?,
        running: Running::Attached,
        alive: None,
    })
}

/// The process that wrote the file.
pub(crate) fn owner(file: &Path) -> Option<u32> {
    read(file)?.get("process")?.parse().ok()
}

fn read(file: &Path) -> Option<BTreeMap<String, String>> {
    let text = std::fs::read_to_string(file).ok()?;
    let fields = text.lines().filter_map(|line| line.split_once('='));
    Some(
        fields
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .collect(),
    )
}

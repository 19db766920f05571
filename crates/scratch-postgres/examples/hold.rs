//! Starts a server, says where it is, and holds it until it is told how to end: `drop`, `panic` or `exit`.
//! Arguments: `local` or `embedded`, then optionally a data directory. The tests kill it in various ways.

use std::io::{BufRead, Write};

use scratch_postgres::{Builder, Preference};

fn main() -> anyhow::Result<()> {
    let mut arguments = std::env::args().skip(1);
    let preference = match arguments.next().as_deref() {
        Some("embedded") => Preference::Embedded,
        _ => Preference::Local,
    };
    let mut builder = Builder::new().prefer(preference);
    if let Some(data_dir) = arguments.next() {
        builder = builder.data_dir(data_dir);
    }
    let server = builder.start()?;
    let mut output = std::io::stdout();
    writeln!(output, "{}\n{}\n{server}", server.url(), server.is_owner())?;
    output.flush()?;
    let mut word = String::new();
    std::io::stdin().lock().read_line(&mut word)?;
    match word.trim() {
        "panic" => panic!("as asked"),
        "exit" => std::process::exit(3),
        _ => server.stop()?,
    }
    Ok(())
}

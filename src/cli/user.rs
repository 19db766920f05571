//! `user`: accounts that no registration makes, such as the first admin.

use std::io::{BufRead as _, IsTerminal as _, Write as _};

use anyhow::{Context as _, bail};
use clap::builder::PossibleValuesParser;
use clap::{Args, Subcommand};
use secrecy::{ExposeSecret as _, SecretString};

use super::logging;
use crate::config::Settings;
use crate::db::Database;
use crate::domain::passwords::{Hasher, Password};
use crate::domain::users::{self, Email, Role, User};
use crate::private_postgres::Source;
use crate::server::migrate;

/// What can be done with accounts.
#[derive(Debug, Subcommand)]
pub(super) enum UserCommand {
    /// Create an account; the password is asked for, or read from standard input
    Create(Create),
}

/// Arguments of `user create`.
#[derive(Debug, Args)]
pub(super) struct Create {
    /// Email address, the sign-in name
    #[arg(long)]
    email: String,
    /// What the account may do
    #[arg(long, default_value = "user", value_parser = PossibleValuesParser::new(Role::NAMES.map(|(name, _)| name)))]
    role: String,
}

/// Runs a `user` command.
pub(super) async fn run(command: UserCommand) -> anyhow::Result<()> {
    let UserCommand::Create(create) = command;
    let email = Email::parse(&create.email).context("--email")?;
    let role = Role::from_name(&create.role).context("--role")?;
    let password = Password::parse(read_password()?, &email).context("the password")?;
    let settings = Settings::from_env()?;
    logging::start(&settings.log);
    let source = Source::open(&settings)?;
    let created = create_user(&settings, &source, &email, &password, role).await;
    let user = source
        .close_after(created)
        .with_context(|| format!("cannot create {}", email.as_str()))?;
    let mut out = std::io::stdout().lock();
    writeln!(
        out,
        "created user {}: {}, role {}",
        user.id, user.email, user.role
    )?;
    Ok(())
}

async fn create_user(
    settings: &Settings,
    source: &Source,
    email: &Email,
    password: &Password,
    role: Role,
) -> anyhow::Result<User> {
    if settings.migrations.on_startup {
        migrate(&settings.migrations, &source.url).await?;
    }
    let db = Database::new(&source.url, &settings.database, source.budget)?;
    let created = users::create_with_role(&db, &Hasher::default(), email, password, role).await;
    db.close();
    Ok(created?)
}

fn read_password() -> anyhow::Result<SecretString> {
    if !std::io::stdin().is_terminal() {
        let mut line = String::new();
        std::io::stdin()
            .lock()
            .read_line(&mut line)
            .context("cannot read the password from standard input")?;
        return Ok(line.trim_end_matches(['\r', '\n']).into());
    }
    let first = SecretString::from(
        rpassword::prompt_password("Password: ").context("cannot read the password")?,
    );
    let second = SecretString::from(
        rpassword::prompt_password("Once more: ").context("cannot read the password")?,
    );
    if first.expose_secret() != second.expose_secret() {
        bail!("the two passwords are not the same; nothing was created");
    }
    Ok(first)
}

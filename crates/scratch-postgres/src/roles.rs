//! Roles that a schema takes for granted. Roles belong to the whole server, so on one that somebody else runs they are
//! marked, and the last one that is done with them removes them.

use tokio_postgres::error::SqlState;
use tokio_postgres::{Client, Error};

/// What marks a role as made for scratch databases.
const MARK: &str = "made by scratch-postgres for its databases, and dropped with the last of them";

/// How often a role is made, if somebody drops it before it is used.
const ATTEMPTS: usize = 5;

/// Makes roles that cannot log in, unless they exist. A server that somebody else runs loses them again with the last
/// scratch database that needs them; what was there before stays.
///
/// # Errors
///
/// If PostgreSQL refuses: the user needs the right `createrole`.
pub async fn make_roles(client: &Client, roles: &[String]) -> Result<(), Error> {
    for role in roles {
        let mut attempt = 1;
        while let Err(error) = make(client, role).await {
            let is_gone = error.code() == Some(&SqlState::UNDEFINED_OBJECT);
            if !is_gone || attempt == ATTEMPTS {
                return Err(error);
            }
            attempt += 1;
        }
    }
    Ok(())
}

async fn make(client: &Client, role: &str) -> Result<(), Error> {
    let (name, literal) = (quoted(role), literal(role));
    let mark = self::literal(MARK);
    // Whoever is no superuser has to be a member, so that something can belong to the role. Another one may make it at the
    // same time.
    let make = format!(
        "do $scratch$
         begin
             if not exists (select from pg_roles where rolname = {literal}) then
                 create role {name} nologin;
                 comment on role {name} is {mark};
                 if not (select rolsuper from pg_roles where rolname = current_user) then
                     execute format('grant %I to %I', {literal}, current_user);
                 end if;
             end if;
         exception when duplicate_object or unique_violation then
             null;
         end
         $scratch$"
    );
    client.batch_execute(&make).await?;
    // As long as this database is there, nobody can drop the role.
    let pin = "select quote_ident(current_database())";
    let database: String = client.query_one(pin, &[]).await?.get(0);
    let pin = format!("grant connect on database {database} to {name}");
    client.batch_execute(&pin).await
}

/// Drops the roles that were made for scratch databases, those that another one still needs excepted.
pub(crate) async fn sweep(client: &Client) {
    let made = client
        .query(
            "select rolname::text from pg_roles r \
             join pg_shdescription d on d.objoid = r.oid and d.classoid = 'pg_authid'::regclass \
             where d.description = $1",
            &[&MARK],
        )
        .await;
    let made = match made {
        Ok(rows) => rows,
        Err(error) => return tracing::debug!("no sweep of old roles: {error}"),
    };
    for row in made {
        let role: String = row.get(0);
        let drop_it = format!("drop role if exists {}", quoted(&role));
        if let Err(error) = client.batch_execute(&drop_it).await {
            tracing::debug!("the role {role} stays: {error}");
        }
    }
}

fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// In the form in which a backslash is nothing special.
fn literal(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

//! Whether a program that was compiled for one type can do with another: what the `accepts` of its Rust types says when it
//! runs (`ToSql` and `FromSql` of tokio-postgres, and what cornucopia generates).

use tokio_postgres::types::{Kind, Type};

/// Why what was compiled for `old` cannot do with `new`; nothing if it can.
pub(super) fn refusal(old: &Type, new: &Type) -> Option<String> {
    match (bare(old), bare(new)) {
        (old, new) if is_text(old) && is_text(new) => None,
        (old, new) if is_json(old) && is_json(new) => None,
        (old, new) => of_kinds(old, new),
    }
}

fn of_kinds(old: &Type, new: &Type) -> Option<String> {
    let is_another = || Some(format!("is {}, and was {}", name(new), name(old)));
    match (old.kind(), new.kind()) {
        (Kind::Array(old), Kind::Array(new)) => refusal(old, new).and(is_another()),
        // The generated code counts the labels and the fields.
        (Kind::Enum(labels), Kind::Enum(now)) if old.name() == new.name() => {
            let lost = labels.iter().filter(|label| !now.contains(label));
            let added = now.iter().filter(|label| !labels.contains(label));
            let changes: Vec<String> = added
                .map(|label| format!("now has the label '{label}'"))
                .chain(lost.map(|label| format!("has lost the label '{label}'")))
                .collect();
            let what = format!("is of the type {}, which {}", name(new), changes.join(", "));
            Some(what).filter(|_| !changes.is_empty())
        }
        (Kind::Composite(fields), Kind::Composite(now)) if old.name() == new.name() => {
            let same = fields.len() == now.len()
                && fields.iter().zip(now).all(|(old, new)| {
                    old.name() == new.name() && refusal(old.type_(), new.type_()).is_none()
                });
            let what = format!("is of the type {}, which has other fields now", name(new));
            Some(what).filter(|_| !same)
        }
        _ if old.name() == new.name() && old.schema() == new.schema() => None,
        _ => is_another(),
    }
}

/// The type below domains: the driver looks at that one.
fn bare(r#type: &Type) -> &Type {
    match r#type.kind() {
        Kind::Domain(base) => bare(base),
        _ => r#type,
    }
}

fn is_text(r#type: &Type) -> bool {
    let texts = [Type::TEXT, Type::VARCHAR, Type::BPCHAR, Type::NAME];
    texts.contains(r#type) || r#type.name() == "citext"
}

fn is_json(r#type: &Type) -> bool {
    [Type::JSON, Type::JSONB].contains(r#type)
}

/// As it is written in SQL, so far as the driver's name for it differs.
fn name(r#type: &Type) -> String {
    format!("`{}`", bare_name(r#type))
}

fn bare_name(r#type: &Type) -> String {
    if let Kind::Array(element) = r#type.kind() {
        return format!("{}[]", bare_name(element));
    }
    let written = match r#type.name() {
        "int2" => "smallint",
        "int4" => "integer",
        "int8" => "bigint",
        "float4" => "real",
        "float8" => "double precision",
        "bool" => "boolean",
        name => name,
    };
    written.to_owned()
}

#[cfg(test)]
mod tests {
    use tokio_postgres::types::{Kind, Type};

    use super::refusal;

    fn mood(labels: &[&str]) -> Type {
        let labels = labels.iter().map(|&label| label.to_owned()).collect();
        Type::new(
            "mood".to_owned(),
            1,
            Kind::Enum(labels),
            "public".to_owned(),
        )
    }

    #[test]
    fn the_same_type_is_accepted_and_another_is_not() {
        assert_eq!(refusal(&Type::INT8, &Type::INT8), None);
        assert_eq!(
            refusal(&Type::INT4, &Type::INT8).as_deref(),
            Some("is `bigint`, and was `integer`")
        );
        assert_eq!(
            refusal(&Type::INT4_ARRAY, &Type::INT8_ARRAY).as_deref(),
            Some("is `bigint[]`, and was `integer[]`")
        );
    }

    #[test]
    fn a_text_is_a_text_and_json_is_json() {
        assert_eq!(refusal(&Type::VARCHAR, &Type::TEXT), None);
        assert_eq!(refusal(&Type::TEXT_ARRAY, &Type::VARCHAR_ARRAY), None);
        assert_eq!(refusal(&Type::JSON, &Type::JSONB), None);
        assert!(refusal(&Type::TEXT, &Type::JSONB).is_some());
    }

    #[test]
    fn a_domain_is_what_it_is_made_of() {
        let kind = Kind::Domain(Type::TEXT);
        let domain = Type::new("address".to_owned(), 2, kind, "public".to_owned());
        assert_eq!(refusal(&Type::TEXT, &domain), None);
        assert_eq!(refusal(&domain, &Type::VARCHAR), None);
        assert!(refusal(&domain, &Type::INT8).is_some());
    }

    #[test]
    fn another_label_is_refused_since_programs_count_them() {
        assert_eq!(refusal(&mood(&["a", "b"]), &mood(&["b", "a"])), None);
        assert_eq!(
            refusal(&mood(&["a", "b"]), &mood(&["a", "c"])).as_deref(),
            Some("is of the type `mood`, which now has the label 'c', has lost the label 'b'")
        );
    }
}

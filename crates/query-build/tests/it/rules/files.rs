//! The names of the query files, which become modules, and their encoding.

use super::Pair;

const QUERY: &[u8] = b"--- One.\n--! one\nselect 1 as one;\n";

/// The files whose name is what is wrong: there is no place in them.
pub(super) const OF_A_NAME: &[&str] = &[
    "queries/order-lines.sql",
    "queries/type.sql",
    "queries/Big.sql",
    "queries/client.sql",
    "queries/admin.sql",
];

pub(super) const PAIRS: &[Pair] = &[
    Pair {
        name: "module_name",
        refused: &[
            ("queries/order-lines.sql", QUERY),
            ("queries/type.sql", QUERY),
            ("queries/Big.sql", QUERY),
        ],
        accepted: &[
            ("queries/order_lines.sql", QUERY),
            ("queries/types_of.sql", QUERY),
            ("queries/big.sql", QUERY),
        ],
    },
    Pair {
        name: "module_of_the_generated_code",
        refused: &[("queries/client.sql", QUERY)],
        accepted: &[
            ("queries/clients.sql", QUERY),
            ("queries/of/client.sql", QUERY),
        ],
    },
    Pair {
        name: "file_and_directory_of_a_name",
        refused: &[
            ("queries/admin.sql", QUERY),
            ("queries/admin/orders.sql", QUERY),
        ],
        accepted: &[
            ("queries/admins.sql", QUERY),
            ("queries/admin/orders.sql", QUERY),
        ],
    },
    Pair {
        name: "not_utf8",
        refused: &[("", b"--! one\n--- Gr\xfc\xdfe an \xfc.\nselect 1 as one;\n")],
        accepted: &[(
            "",
            "\u{feff}--! one\r\n--- Grüße.\r\nselect 1 as one;\r\n".as_bytes(),
        )],
    },
];

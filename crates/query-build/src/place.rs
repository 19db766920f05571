//! Where the package is, and where whoever reads a message is, so that the name of a file in it leads there.

use std::path::{Path, PathBuf};

/// The package, and the directory that files are named from.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Place<'p> {
    pub(crate) package: &'p Path,
    /// The directory of this process.
    pub(crate) here: &'p Path,
}

impl Place<'_> {
    /// What messages call a directory or a file of the package. From elsewhere it is as the package calls it.
    pub(crate) fn name(&self, path: &Path) -> String {
        let named = self.way_from_here(path).unwrap_or_else(|| path.to_owned());
        named.display().to_string().replace('\\', "/")
    }

    /// The way to it from here, if it is below.
    pub(crate) fn way_from_here(&self, path: &Path) -> Option<PathBuf> {
        let inner = self.package.strip_prefix(self.here).ok()?;
        Some(inner.join(path))
    }
}

/// The root of the workspace that a package is in, where commands are typed, and from where rustc names files: its lock
/// file is there.
pub(crate) fn workspace_of(package: &Path) -> &Path {
    let mut above = package.ancestors();
    above
        .find(|directory| directory.join("Cargo.lock").is_file())
        .unwrap_or(package)
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::Place;

    #[test]
    fn a_file_is_named_from_where_the_reader_is() {
        let package = Path::new("/work/shop/crates/app");
        let name = |here: &str| {
            let here = Path::new(here);
            Place { package, here }.name(Path::new("queries"))
        };
        assert_eq!(name("/work/shop"), "crates/app/queries");
        assert_eq!(name("/work/shop/crates/app"), "queries");
        assert_eq!(name("/elsewhere"), "queries");
    }
}

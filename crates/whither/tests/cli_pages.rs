//! The generated pages of the guide are those in the tree. `WHITHER_BLESS=1 cargo test` rewrites them.

use std::path::Path;

#[test]
fn generated_pages_are_up_to_date() {
    let guide = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/guide");
    for (name, page) in whither::cli::pages::pages() {
        let path = guide.join(name);
        if std::env::var_os("WHITHER_BLESS").is_some() {
            std::fs::write(&path, &page).unwrap();
        }
        let there = std::fs::read_to_string(&path).unwrap_or_default();
        assert!(there == page, "docs/guide/{name} is not what the code says; WHITHER_BLESS=1 rewrites it");
    }
}

//! The file that was the appointment book before the database was.

use std::path::Path;

/// The file in the data folder.
const FILE: &str = "appointments.json";

/// Says that what is in it is not read, and that no erasure reaches it.
pub(super) fn tell(data: &Path) {
    let file = data.join(FILE);
    if file.exists() {
        tracing::warn!(
            code = "OLD_BOOK",
            file = %file.display(),
            "this file is no longer the appointment book: enter again what is still to come, and delete it"
        );
    }
}

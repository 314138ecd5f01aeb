//! Licences, sources, bans and known defects of the dependencies, judged by cargo-deny with deny.toml.

use crate::{XtaskError, floor::Floor, tally::Tally, workspace::Workspace};

pub(super) fn run(workspace: &Workspace, floor: &Floor) -> Result<Tally, XtaskError> {
    if workspace.cargo_has("deny").is_none() {
        return Ok(Floor::skip("deny, because cargo-deny is not installed (cargo install --locked cargo-deny)"));
    }
    let checks = ["check", "--hide-inclusion-graph", "licenses", "bans", "sources"];
    let mut sum =
        Tally::one(floor.step("deny: licences, bans, sources", workspace.cargo("deny").args(checks))?.success);
    let fetched = workspace.cargo("deny").args(["fetch", "db"]).output();
    sum += if fetched.is_ok_and(|fetched| fetched.status.success()) {
        Tally::one(
            floor
                .step(
                    "deny: known defects",
                    workspace.cargo("deny").args(["check", "--hide-inclusion-graph", "advisories"]),
                )?
                .success,
        )
    } else {
        Floor::skip("deny: known defects, because their database cannot be fetched from here")
    };
    Ok(sum)
}

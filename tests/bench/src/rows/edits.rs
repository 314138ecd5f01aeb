//! Two phones edit the same workers offline: in different fields, and the NIK on both sides.

use super::{Bench, values::Values};
use crate::{
    BenchError,
    dossier::Touched,
    figures::{Bar, Better, Section},
    scene::{FIRST, Scene},
};

const SECOND: &str = "b";
/// Whose NIK is edited on both sides.
const NIKS: u64 = 100;

pub(super) fn rows(bench: &Bench) -> Result<Section, BenchError> {
    let different = 0..bench.edited;
    let same = bench.edited..bench.edited + NIKS;
    let mut values = Values::default();
    for side in &bench.sides {
        bench.step("two phones", side);
        let folder = bench.folder.join(format!("edits-{}", side.name()));
        let (template, _) = Scene::prepare(folder, side, &bench.road, same.end)?;
        let server = template.serve()?;
        template.push(FIRST, None)?;
        template.add_phone(SECOND)?;
        template.pull(SECOND, None)?;
        // what the server made of it, before it is edited
        template.sync(FIRST)?;
        drop(server);
        for run in 0..bench.runs {
            bench.step("edits in two places", side);
            let scene = template.copy(bench.folder.join(format!("edits-{}-{run}", side.name())))?;
            let _server = scene.serve()?;
            scene.edit(FIRST, Touched::Phone, different.clone())?;
            scene.edit(SECOND, Touched::Heirs, different.clone())?;
            scene.edit(FIRST, Touched::Nik, same.clone())?;
            scene.edit(SECOND, Touched::OtherNik, same.clone())?;
            for phone in [FIRST, SECOND, FIRST, SECOND] {
                scene.sync(phone)?;
            }
            let both = [Touched::Phone, Touched::Heirs];
            let judged = [FIRST, SECOND].map(|phone| scene.judge(phone, &both, different.clone()));
            let [first, second] = judged;
            let (first, second) = (first?, second?);
            values.note("different fields: merged on both phones", side, first.merged.min(second.merged) as f64);
            values.note("different fields: in conflict", side, first.conflicts.max(second.conflicts) as f64);
            values.note("different fields: lost", side, first.lost.max(second.lost) as f64);
            let first = scene.judge(FIRST, &[Touched::Nik], same.clone())?;
            let second = scene.judge(SECOND, &[Touched::OtherNik], same.clone())?;
            values.note(
                "NIK on both sides: in conflict, both kept",
                side,
                first.conflicts.min(second.conflicts) as f64,
            );
            scene.remove()?;
        }
        template.remove()?;
    }
    let (edited, niks) = (bench.edited as f64, NIKS as f64);
    let figures = vec![
        values.row("different fields: merged on both phones", "workers", Better::More, Bar::AtLeast(edited)),
        values.row("different fields: in conflict", "workers", Better::Less, Bar::AtMost(0.0)),
        values.row("different fields: lost", "workers", Better::Less, Bar::AtMost(0.0)),
        values.row("NIK on both sides: in conflict, both kept", "workers", Better::More, Bar::AtLeast(niks)),
    ];
    Ok(Section { title: format!("Edited in two places at once: {} + {} workers", bench.edited, bench.edited), figures })
}

//! What the play needs: a server with its operator, and two officials with a phone each.

use super::{PlayError, progress::Progress};
use payung_system_tests::{Admin, Binaries, Phone, PhoneError, PhoneFiles, Road, Server};
use serde_json::{Value, json};
use std::{
    fs,
    path::{Path, PathBuf},
};

/// Karangklesem, Purwokerto Selatan.
pub(super) const VILLAGE: &str = "33.02.24.1001";
/// Both officials look after neighbouring RTs of one RW, and see all of it.
const RW: &str = "33.02.24.1001.003";
pub(crate) const OPERATOR: &str = "Sri Handayani";

/// An official and their phone.
pub(super) struct Official {
    pub(super) name: &'static str,
    /// Their own RT: who looks after what they register.
    pub(super) area: String,
    pub(super) phone: Phone,
    pub(super) files: PhoneFiles,
    /// By which their phone reaches the server.
    pub(super) road: Road,
}

impl Official {
    /// One command to the phone.
    pub(super) fn ask(&mut self, scene: &'static str, command: &Value) -> Result<Value, PlayError> {
        self.phone.ask(command).map_err(self.told(scene))
    }

    /// For `map_err`: whose phone, and where in the play.
    pub(super) fn told(&self, scene: &'static str) -> impl FnOnce(PhoneError) -> PlayError + use<> {
        let phone = self.name.to_owned();
        move |reason| PlayError::Phone { scene, phone, reason }
    }

    /// Every row of the phone's list.
    pub(super) fn list(&mut self, scene: &'static str) -> Result<Vec<Value>, PlayError> {
        let rows = self.ask(scene, &json!({"do": "list"}))?;
        Ok(rows.as_array().cloned().unwrap_or_default())
    }
}

/// Everything that runs.
pub(super) struct Stage {
    pub(super) folder: PathBuf,
    pub(super) data: PathBuf,
    pub(super) server: Server,
    pub(super) office: Admin,
    pub(super) officials: [Official; 2],
    binaries: Binaries,
}

impl Stage {
    /// Starts the server, adds the operator, invites both officials and lets their phones join.
    pub(super) fn set(binaries: &Binaries, folder: &Path, seed: u64, progress: &Progress) -> Result<Self, PlayError> {
        let data = folder.join("server");
        let server = progress
            .step("kantor dibuka (server up)", || Server::start(&binaries.payung, &data, &folder.join("server.log")))?;
        let office = Admin::first(&binaries.payung, &data, OPERATOR)?;
        let mut rng = fastrand::Rng::with_seed(seed);
        let officials = progress.step("dua petugas diundang (two officials join)", || {
            let first = join(binaries, folder, &office, &server, ("Pak Darmo", "001"), &mut rng)?;
            let second = join(binaries, folder, &office, &server, ("Bu Warti", "002"), &mut rng)?;
            Ok::<_, PlayError>([first, second])
        })?;
        Ok(Self { folder: folder.to_path_buf(), data, server, office, officials, binaries: binaries.clone() })
    }

    /// Ends everything.
    pub(super) fn strike(self) -> Result<(), PlayError> {
        for official in self.officials {
            let told = official.told("closing");
            official.phone.close().map_err(told)?;
        }
        let log = self.server.log.clone();
        self.server.stop().map_err(PlayError::file(&log))?;
        Ok(())
    }

    /// Ends the phones; the server stays up until it is stopped.
    pub(super) fn stay_up(self) -> Result<(), PlayError> {
        for official in self.officials {
            let told = official.told("closing");
            official.phone.close().map_err(told)?;
        }
        let Self { mut server, .. } = self;
        let log = server.log.clone();
        server.wait().map_err(PlayError::file(&log))?;
        Ok(())
    }

    /// Writes down where the demo is, for the window that joins it.
    pub(super) fn tell(&self, file: &Path) -> Result<(), PlayError> {
        let officials: Vec<Value> =
            self.officials.iter().map(|official| json!({ "name": official.name, "area": RW })).collect();
        let demo = json!({
            "server": self.server.url(), "data": self.data, "program": self.binaries.payung, "officials": officials,
        });
        fs::write(file, demo.to_string()).map_err(PlayError::file(file))
    }

    /// What a person can do with it from here.
    pub(super) fn how_to_go_on(&self) -> Result<String, PlayError> {
        let invite = self.office.invite("Pak Tamu", &format!("{RW}.003"), &self.server.url())?;
        let payung = self.binaries.payung.display();
        let data = self.data.display();
        let mut lines = Vec::new();
        let mut say = |line: String| lines.push(line + "\n");
        say("Melanjutkan (how to go on)".to_owned());
        say(format!("  server    {} — up until Ctrl-C; files in {}", self.server.url(), self.folder.display()));
        say("  window    ./dev app (in another terminal): the same two officials, each with another phone".to_owned());
        say(format!("  again     {payung} serve --data {data} --listen {}", self.server.address));
        say(format!("  office    {payung} admin --data {data} --as \"{OPERATOR}\" workers"));
        for official in &self.officials {
            say(format!(
                "  {:<9} {} --folder {} --saved {} --key-file {}",
                official.name,
                self.binaries.phone.display(),
                official.files.folder.display(),
                official.files.saved.display(),
                key_file(&official.files).display(),
            ));
        }
        say("            then a line of JSON: {\"do\":\"list\"}, {\"do\":\"counts\"}, {\"do\":\"sync\"}, {\"do\":\"close\"}".to_owned());
        let third = self.folder.join("phone-rt003");
        let third = third.display();
        say(format!("  a third   mkdir {third} && od -An -vtx1 -N32 /dev/urandom | tr -d ' \\n' > {third}.key"));
        let program = self.binaries.phone.display();
        say(format!("            {program} --folder {third} --saved {third}.saved.log --key-file {third}.key"));
        say(format!("            {{\"do\":\"join\",\"invite\":\"{invite}\"}}"));
        say("            (the invite is fresh: good for one phone, for 72 hours)".to_owned());
        Ok(lines.concat())
    }
}

fn key_file(files: &PhoneFiles) -> PathBuf {
    files.folder.with_extension("key")
}

fn join(
    binaries: &Binaries,
    folder: &Path,
    office: &Admin,
    server: &Server,
    (name, rt): (&'static str, &str),
    rng: &mut fastrand::Rng,
) -> Result<Official, PlayError> {
    let invite = office.invite(name, RW, &server.url())?;
    let mut key = [0; 32];
    rng.fill(&mut key);
    let files = PhoneFiles::under(folder, &format!("phone-rt{rt}"), key).map_err(PlayError::file(folder))?;
    let kept = key_file(&files);
    // for whoever goes on with the phone; a real phone keeps it wrapped by its hardware
    fs::write(&kept, hex::encode(key)).map_err(PlayError::file(&kept))?;
    let phone = Phone::start(&binaries.phone, &files, &[]).map_err(|reason| PlayError::Phone {
        scene: "starting",
        phone: name.to_owned(),
        reason,
    })?;
    let road = Road::open(server.address).map_err(PlayError::file(folder))?;
    let mut official = Official { name, area: format!("{RW}.{rt}"), phone, files, road };
    official.ask("joining", &json!({"do": "join", "invite": invite}))?;
    Ok(official)
}

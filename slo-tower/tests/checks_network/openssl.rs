//! Certificates as `openssl` makes them, and as it serves them.

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};

use slo_tower::{Clock, Timestamp};

use crate::support::skip;

/// A directory in which certificates are made; it is gone when this is.
pub(crate) struct Mint {
    directory: PathBuf,
    now: u64,
}

/// A certificate and its key.
#[derive(Clone)]
pub(crate) struct Minted {
    pub(crate) certificate: PathBuf,
    pub(crate) key: PathBuf,
    /// Its last second.
    pub(crate) ends: f64,
}

impl Mint {
    /// Returns none, and says so, where there is no `openssl`.
    pub(crate) fn open(test: &str) -> Option<Self> {
        static MINTS: AtomicU32 = AtomicU32::new(0);
        if Command::new("openssl").arg("version").stdout(Stdio::null()).status().is_err() {
            skip(test, "openssl is not installed");
            return None;
        }
        // Relaxed: a lone number that is different each time.
        let number = MINTS.fetch_add(1, Ordering::Relaxed);
        let directory = std::env::temp_dir().join(format!("slo-mint-{}-{number}", std::process::id()));
        fs::create_dir_all(&directory).unwrap();
        let config = "[ca]\ndefault_ca = ca\n[ca]\nnew_certs_dir = .\ndatabase = index\nserial = serial\ndefault_md = sha256\n\
                      policy = any\nunique_subject = no\ncopy_extensions = copy\n[any]\ncommonName = optional\n\
                      [req]\ndistinguished_name = names\nprompt = no\n[names]\n[authority]\nbasicConstraints = critical,CA:true\n\
                      [own]\nbasicConstraints = CA:false\n";
        fs::write(directory.join("config"), config).unwrap();
        fs::write(directory.join("index"), "").unwrap();
        fs::write(directory.join("serial"), "1000").unwrap();
        Some(Self { directory, now: Clock::system().now().unix_nanos() / 1_000_000_000 })
    }

    /// Makes a certificate that is valid from and to so many seconds from now; signed by `issuer`, or by itself.
    pub(crate) fn make(
        &self,
        (subject, host): (&str, &str),
        valid: [i64; 2],
        issuer: Option<&Minted>,
    ) -> Minted {
        // Relaxed: a lone number that is different each time.
        static FILES: AtomicU32 = AtomicU32::new(0);
        // Relaxed: as above.
        let number = FILES.fetch_add(1, Ordering::Relaxed);
        let [key, request, certificate] =
            ["key", "request", "pem"].map(|kind| self.directory.join(format!("{number}.{kind}")));
        let [from, to] = valid.map(|seconds| date(self.now.checked_add_signed(seconds).unwrap()));
        let text = |path: &Path| path.to_str().unwrap().to_owned();
        let (key_text, request_text) = (text(&key), text(&request));
        self.openssl(&[
            "genpkey",
            "-algorithm",
            "EC",
            "-pkeyopt",
            "ec_paramgen_curve:P-256",
            "-out",
            &key_text,
        ]);
        let host = format!("subjectAltName=DNS:{host}");
        let request =
            ["req", "-new", "-config", "config", "-key", &key_text, "-subj", subject, "-addext", &host];
        self.openssl(&[&request[..], &["-out", &request_text]].concat());
        let sign = ["ca", "-batch", "-notext", "-config", "config", "-in", &request_text, "-out"];
        let certificate_text = text(&certificate);
        let dates = [certificate_text.as_str(), "-startdate", &from, "-enddate", &to];
        match issuer {
            None => self.openssl(
                &[&sign[..], &dates, &["-selfsign", "-keyfile", &key_text, "-extensions", "authority"]]
                    .concat(),
            ),
            Some(issuer) => {
                let (key, certificate) = (text(&issuer.key), text(&issuer.certificate));
                let by = ["-keyfile", &key, "-cert", &certificate, "-extensions", "own"];
                self.openssl(&[&sign[..], &dates, &by].concat());
            }
        }
        #[expect(clippy::cast_precision_loss, reason = "dates have less than 53 bits")]
        let ends = self.now.checked_add_signed(valid[1]).unwrap() as f64;
        Minted { certificate, key, ends }
    }

    /// Writes these texts into one file.
    pub(crate) fn file(&self, name: &str, parts: &[&[u8]]) -> PathBuf {
        let path = self.directory.join(name);
        fs::write(&path, parts.concat()).unwrap();
        path
    }

    fn openssl(&self, arguments: &[&str]) {
        let output = Command::new("openssl").args(arguments).current_dir(&self.directory).output().unwrap();
        let errors = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "openssl {arguments:?}: {errors}");
    }
}

impl Drop for Mint {
    fn drop(&mut self) {
        // What cannot be deleted lies in a directory for such things.
        let _ = fs::remove_dir_all(&self.directory);
    }
}

/// As `openssl` wants it: `20270125080000Z`.
fn date(unix_seconds: u64) -> String {
    let date = Timestamp::from_unix_seconds(unix_seconds).to_string();
    date.chars().filter(|c| c.is_ascii_digit() || *c == 'Z').collect()
}

/// `openssl s_server`, which ends with this.
pub(crate) struct Served {
    child: Child,
    pub(crate) address: SocketAddr,
}

impl Served {
    pub(crate) fn start(own: &Minted, arguments: &[&str]) -> Self {
        let mut child = Command::new("openssl")
            .args(["s_server", "-accept", "127.0.0.1:0", "-cert"])
            .arg(&own.certificate)
            .arg("-key")
            .arg(&own.key)
            .args(arguments)
            // Open as long as we are: it would end a connection whose input has ended.
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap());
        let mut line = String::new();
        let address = loop {
            line.clear();
            assert!(lines.read_line(&mut line).unwrap() > 0, "it has ended before it listened");
            if let Some(address) = line.trim().strip_prefix("ACCEPT ") {
                break address.parse().unwrap();
            }
        };
        // It writes more for each connection, which somebody has to take.
        std::thread::spawn(move || std::io::copy(&mut lines, &mut std::io::sink()));
        Self { child, address }
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

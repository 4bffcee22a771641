//! From a recipe to a judgement: a stand-in for whither prints a check that is right, wrong and too sure, and serves
//! something that a restart changes.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use whither_lab::cluster::Version;
use whither_lab::judge::{Judgement, Outcome};
use whither_lab::{recipes, show};

/// Serves what is right about `delete_records`, and on its second start what is less sure.
const SERVER: &str = r#"
import http.server, json, os, sys
data = sys.argv[sys.argv.index("--data-dir") + 1]
certainty = "strong" if os.path.exists(data) else "proof"
os.makedirs(data, exist_ok=True)
loss = {"id": "1", "shown_as": "loss", "group": "delete_records.billing", "topic": "delete_records", "partition": 0,
    "from": 2, "to": 6, "records": 4, "at_most": False, "verdict": "deleted", "certainty": certainty,
    "cause": "delete_records", "cause_certainty": "proof"}
class Answers(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.send_header("ETag", certainty)
        self.end_headers()
        self.wfile.write(json.dumps(loss).encode() if "findings" in self.path else b"")
    def log_message(self, *of):
        pass
server = http.server.HTTPServer(("127.0.0.1", 0), Answers)
print(f"whither: answering on http://127.0.0.1:{server.server_port}; it is a stand-in", file=sys.stderr, flush=True)
server.serve_forever()
"#;

/// Right about `delete_records`, too sure when it follows, and alarmed by a healthy topic.
const STAND_IN: &str = r#"#!/bin/sh
[ "$1" = serve ] && exec python3 "$0.py" "$@"
[ "$1" = check ] && [ "$2" = --brokers ] && [ "$4 $5" = "--format json" ] || exit 2
loss() {
    printf '{"shown_as":"loss","group":"%s.billing","topic":"%s","partition":0,"from":2,"to":6,"records":4,' "$1" "$1"
    printf '"at_most":%s,"verdict":"deleted","certainty":"%s","cause":"delete_records","cause_certainty":"proof"}' "$2" "$3"
}
echo '{"progress":"documents that are no check are skipped"}'
printf '{"balance":[{"group":"g","topic":"t","partition":0,"residual":1}],"findings":['
loss delete_records true strong
printf ','
loss delete_records_followed true proof
printf ','
loss healthy_one_record true strong
echo ']}'
exit 1
"#;

fn of<'a>(judgements: &'a [Judgement], recipe: &str) -> &'a Judgement {
    judgements.iter().find(|judgement| judgement.truth.recipe == recipe).expect("the recipe was judged")
}

#[test]
fn what_was_told_is_judged_by_what_happened() {
    let folder = tempfile::tempdir().unwrap();
    let stand_in = folder.path().join("whither");
    fs::write(&stand_in, STAND_IN).unwrap();
    fs::write(folder.path().join("whither.py"), SERVER).unwrap();
    fs::set_permissions(&stand_in, fs::Permissions::from_mode(0o755)).unwrap();
    let names = ["delete_records", "delete_records_followed", "healthy_one_record"];
    let chosen: Vec<_> = recipes::all().into_iter().filter(|recipe| names.contains(&recipe.name)).collect();

    let report = show::play(&chosen, Version::V4_3, Some(&stand_in), false).unwrap();

    assert!(report.broken.is_empty(), "{:?}", report.broken);
    assert!(of(&report.judgements, "delete_records").passed());
    let followed = of(&report.judgements, "delete_records_followed");
    assert!(
        matches!(&followed.outcome, Outcome::Fault(told) if told.count_right == Some(false)),
        "{followed:?}"
    );
    let healthy = of(&report.judgements, "healthy_one_record");
    assert!(matches!(&healthy.outcome, Outcome::Healthy(alarms) if alarms.len() == 1), "{healthy:?}");
    assert!(report.complaints.contains(&"g t/0: residual 1".to_owned()), "{:?}", report.complaints);
    assert!(
        report.complaints.iter().any(|complaint| complaint.contains("delete_records_followed")),
        "before it happened, nobody had made that loss: {:?}",
        report.complaints
    );
    let served =
        report.served.iter().find(|served| served.judgement.truth.recipe == "delete_records").unwrap();
    assert!(served.judgement.passed() && served.delay.is_some(), "{served:?}");
    let missed = report.served.iter().find(|served| !served.judgement.passed()).expect("one was not served");
    assert_eq!((missed.judgement.truth.recipe.as_str(), missed.delay), ("delete_records_followed", None));
    assert!(
        report.restarts.iter().any(|restart| restart.findings == 1 && restart.changed.len() == 1),
        "{:?}",
        report.restarts
    );
}

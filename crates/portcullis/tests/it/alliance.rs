//! The campaign of the exercise is found and its newsletters are not, at a small scale.

use serde_json::Value;

use crate::program::{place, run};

#[test]
fn the_campaign_is_found_and_newsletters_are_not() {
    for (level, least) in [("easy", 0.95), ("hard", 0.90)] {
        let out = place(&format!("alliance-{level}"));
        let folder = out.to_str().unwrap();
        let said = run(&[
            "exercise",
            "run",
            "alliance",
            "--seed",
            "4",
            "--scale",
            "0.004",
            "--difficulty",
            level,
            "--out",
            folder,
        ]);
        assert_eq!(said.code, 0, "{}{}", said.out, said.err);
        let score = std::fs::read_to_string(out.join("score.json")).unwrap();
        let mail = serde_json::from_str::<Value>(&score).unwrap()["mail"].take();
        let figure = |name: &str| mail[name].as_f64().unwrap();
        assert!(figure("precision") >= 0.99 && figure("recall") >= least, "{mail}");
        let waves = mail["raised_by"].as_array().unwrap();
        assert_eq!(waves.len(), 30);
        assert!(waves.iter().all(|wave| wave["by_the_third"] == true), "{waves:?}");
        // It is told in words, with those who opened it, at the terminal and in the report.
        let report = std::fs::read_to_string(out.join("case/report.html")).unwrap();
        for text in [&said.answer(), &report] {
            assert!(text.contains("mark of its own") && text.contains("do not answer"), "{level}");
        }
        assert!(said.answer().contains("Opened by"), "{}", said.out);
        assert!(report.contains("Who opened it"));
    }
}

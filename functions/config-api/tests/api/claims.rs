//! An account at a provider is connected once in all of Switchboard, however close two come.

use serde_json::Value;

use crate::forgetful::without_conditions;
use crate::stage::{ADMIN, INTEGRATIONS, Reply, STRANGER, Stage, WHATSAPP};

const ROUNDS: usize = 25;

/// Both connect account one at once; who asks first is `first`.
async fn both_at_once(stage: &Stage, first: usize) -> [Reply; 2] {
    let form = stage.form("one").await;
    let order = [[ADMIN, STRANGER], [STRANGER, ADMIN]][first];
    let (a, b) = tokio::join!(
        stage.call(order[0], "POST", WHATSAPP, form.clone()),
        stage.call(order[1], "POST", WHATSAPP, form)
    );
    if first == 0 { [a, b] } else { [b, a] }
}

#[tokio::test]
async fn b9_of_two_tenants_who_claim_a_number_at_once_one_gets_it_and_the_other_no_hint_whose_it_is()
 {
    let mut winners = Vec::new();
    for first in [0, 1] {
        let stage = Stage::new().await;
        for _ in 0..ROUNDS {
            let replies = both_at_once(&stage, first).await;
            let won = usize::from(replies[1].status == 201);
            let (winner, loser) = (&replies[won], &replies[1 - won]);
            assert_eq!(winner.status, 201, "{}", winner.text);
            loser.is_problem(409, "account_connected_already");
            let people = [ADMIN, STRANGER];
            for hint in [people[won].tenant, people[won].user, winner.id()] {
                assert!(!loser.text.contains(hint), "{}", loser.text);
                assert!(!loser.headers.to_string().contains(hint));
            }
            let gone = stage.get(people[1 - won], WHATSAPP).await;
            gone.is_problem(404, "not_found");
            let path = format!("{INTEGRATIONS}/{}", winner.id());
            let removed = stage.call(people[won], "DELETE", &path, Value::Null).await;
            assert_eq!(removed.status, 200, "{}", removed.text);
            winners.push(won);
        }
    }
    assert_eq!(winners.len(), 2 * ROUNDS);
}

#[tokio::test]
async fn b9_control_without_the_condition_on_the_claim_both_get_it() {
    let is_claim = |write: &Value| {
        let key = write["Item"]["pk"]["S"].as_str();
        key.is_some_and(|key| key.starts_with("CLAIM#"))
    };
    let mut stage = Stage::new().await;
    stage.reach_aws_by(&without_conditions(&stage.cloud, is_claim));
    let replies = both_at_once(&stage, 0).await;
    assert_eq!(replies.map(|reply| reply.status), [201, 201]);
}

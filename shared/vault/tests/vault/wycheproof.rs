//! Project Wycheproof's cases, run against the primitives that the vault links.

use ring::aead::{AES_128_GCM, AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use ring::hkdf::{HKDF_SHA512, KeyType, Salt};
use ring::hmac;
use wycheproof::{TestResult, aead, hkdf, mac};

/// How many cases there were of each kind.
#[derive(Debug, Default)]
struct Counts {
    valid: usize,
    invalid: usize,
    /// With a length of key or nonce that the primitive does not offer.
    not_offered: usize,
}

impl Counts {
    fn all(&self) -> [usize; 3] {
        [self.valid, self.invalid, self.not_offered]
    }

    /// Counts a case that came out `right`, and checks that it should have.
    fn check(&mut self, expected: TestResult, right: bool, case: &str) {
        match expected {
            TestResult::Valid => self.valid += 1,
            TestResult::Invalid => self.invalid += 1,
            TestResult::Acceptable => panic!("{case} is neither valid nor invalid"),
        }
        assert_eq!(right, expected == TestResult::Valid, "{case}");
    }
}

fn gcm_key(case: &aead::Test) -> Option<LessSafeKey> {
    let algorithm = match case.key.len() {
        16 => &AES_128_GCM,
        32 => &AES_256_GCM,
        _ => return None,
    };
    UnboundKey::new(algorithm, &case.key)
        .ok()
        .map(LessSafeKey::new)
}

fn gcm_opens(key: &LessSafeKey, nonce: Nonce, case: &aead::Test) -> bool {
    let mut text = [case.ct.as_slice(), case.tag.as_slice()].concat();
    key.open_in_place(nonce, Aad::from(&case.aad), &mut text)
        .is_ok_and(|opened| opened == case.pt.as_slice())
}

fn gcm_seals(key: &LessSafeKey, nonce: Nonce, case: &aead::Test) -> bool {
    let mut text = case.pt.to_vec();
    key.seal_in_place_separate_tag(nonce, Aad::from(&case.aad), &mut text)
        .is_ok_and(|tag| text == case.ct.as_slice() && tag.as_ref() == case.tag.as_slice())
}

#[test]
fn f1_aes_gcm_opens_and_seals_what_it_should() {
    let mut counts = Counts::default();
    let set = aead::TestSet::load(aead::TestName::AesGcm).expect("cases");
    for case in set.test_groups.iter().flat_map(|group| &group.tests) {
        let nonce = || Nonce::try_assume_unique_for_key(&case.nonce).ok();
        let (Some(key), Some(open), Some(seal)) = (gcm_key(case), nonce(), nonce()) else {
            counts.not_offered += 1;
            continue;
        };
        let name = format!("AES-GCM {}: {}", case.tc_id, case.comment);
        counts.check(case.result, gcm_opens(&key, open, case), &name);
        assert_eq!(
            gcm_seals(&key, seal, case),
            case.result == TestResult::Valid,
            "{name}"
        );
    }
    println!("AES-GCM: {counts:?}");
    // The 183 have 192-bit keys or nonces of another length than 96 bits.
    assert_eq!(counts.all(), [79, 54, 183]);
}

struct Length(usize);

impl KeyType for Length {
    fn len(&self) -> usize {
        self.0
    }
}

fn hkdf_gives(case: &hkdf::Test) -> bool {
    let mut out = vec![0; case.size];
    let prk = Salt::new(HKDF_SHA512, &case.salt).extract(&case.ikm);
    prk.expand(&[&case.info], Length(case.size))
        .and_then(|okm| okm.fill(&mut out))
        .is_ok_and(|()| out == case.okm.as_slice())
}

#[test]
fn f1_hkdf_derives_what_it_should() {
    let mut counts = Counts::default();
    let set = hkdf::TestSet::load(hkdf::TestName::HkdfSha512).expect("cases");
    for case in set.test_groups.iter().flat_map(|group| &group.tests) {
        let name = format!("HKDF-SHA-512 {}: {}", case.tc_id, case.comment);
        counts.check(case.result, hkdf_gives(case), &name);
    }
    println!("HKDF-SHA-512: {counts:?}");
    assert_eq!(counts.all(), [80, 3, 0]);
}

fn hmac_counts(name: mac::TestName, algorithm: hmac::Algorithm) -> Counts {
    let mut counts = Counts::default();
    for group in mac::TestSet::load(name).expect("cases").test_groups {
        for case in &group.tests {
            let name = format!("{name:?} {}: {}", case.tc_id, case.comment);
            let key = hmac::Key::new(algorithm, &case.key);
            let tag = hmac::sign(&key, &case.msg);
            // Some cases look at the first half of a tag only.
            let right = tag.as_ref()[..group.tag_size / 8] == *case.tag;
            counts.check(case.result, right, &name);
            if tag.as_ref().len() == case.tag.len() {
                let verified = hmac::verify(&key, &case.msg, &case.tag).is_ok();
                assert_eq!(verified, right, "{name}");
            }
        }
    }
    counts
}

#[test]
fn f1_hmac_signs_and_verifies_what_it_should() {
    let short = hmac_counts(mac::TestName::HmacSha256, hmac::HMAC_SHA256);
    println!("HMAC-SHA-256: {short:?}");
    assert_eq!(short.all(), [66, 108, 0]);
    let long = hmac_counts(mac::TestName::HmacSha512, hmac::HMAC_SHA512);
    println!("HMAC-SHA-512: {long:?}");
    assert_eq!(long.all(), [66, 108, 0]);
}

//! Secret types have no form in which they could be printed, logged or written as JSON.
//!
//! The examples in `domain::secret` show that such code does not compile; here is shown that it is for want of the
//! trait and not for a slip in the example.

use std::fmt::{Debug, Display};

use domain::{Credentials, Given, Plaintext};
use secrecy::SecretString;
use secrecy::zeroize::{ZeroizeOnDrop, Zeroizing};
use serde::Serialize;

trait Otherwise {
    const HAS: bool = false;
}
impl<T: ?Sized> Otherwise for T {}

/// Whether a type has a trait: the inherent constant is there only if it has, and then comes first.
macro_rules! has {
    ($type:ty: $trait:path) => {{
        struct Asked<T: ?Sized>(std::marker::PhantomData<T>);
        #[allow(dead_code, reason = "not there for a type without the trait")]
        impl<T: ?Sized + $trait> Asked<T> {
            const HAS: bool = true;
        }
        <Asked<$type>>::HAS
    }};
}

macro_rules! assert_secret {
    ($($type:ty),+) => {$(
        let name = stringify!($type);
        assert!(!has!($type: Display), "{name}");
        assert!(!has!($type: Serialize), "{name}");
        assert!(!has!($type: tracing::Value), "{name}");
        assert!(!has!($type: Deref), "{name}");
    )+};
}

/// A way past the type to a text or to bytes, which print.
trait Deref {}
impl<T: std::ops::Deref<Target = U>, U: ?Sized + Plain> Deref for T {}
trait Plain {}
impl Plain for str {}
impl Plain for String {}
impl Plain for [u8] {}
impl Plain for Vec<u8> {}

#[test]
fn e3_secret_types_cannot_be_printed_or_serialised() {
    assert_secret!(SecretString, Credentials, Plaintext, Given);
    assert!(!has!(Plaintext: Debug));
    assert!(!has!(Given: Debug));
}

#[test]
fn e3_debug_of_a_secret_is_a_constant() {
    let of = |text: &str| {
        let secret = SecretString::from(text);
        let fields = [("access_token", secret.clone())].into_iter();
        format!("{secret:?} {:?}", fields.collect::<Credentials>())
    };
    assert_eq!(of("CANARY-1"), of("CANARY-number-2"));
}

#[test]
fn e3_the_question_tells_what_prints_from_what_does_not() {
    assert!(has!(String: Display) && has!(String: Debug) && has!(String: Serialize));
    assert!(has!(String: tracing::Value) && has!(Box<str>: Deref));
    // Wiping alone is not enough: this one is a `Vec<u8>` to whoever asks.
    let wiping = Zeroizing::new(b"CANARY".to_vec());
    assert!(has!(Zeroizing<Vec<u8>>: Deref));
    assert_eq!(format!("{:?}", *wiping), "[67, 65, 78, 65, 82, 89]");
}

#[test]
fn e6_secret_types_wipe_themselves() {
    assert!(has!(SecretString: ZeroizeOnDrop));
    assert!(has!(Plaintext: ZeroizeOnDrop) && has!(Given: ZeroizeOnDrop));
    assert!(!has!(String: ZeroizeOnDrop));
}

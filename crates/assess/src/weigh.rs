//! How telling a shared value is, in whole numbers: the same on every machine.

use crate::tables::Weight;

/// All of something, in the thousandths in which shares are counted here.
pub(crate) const WHOLE: i64 = 1000;

/// The binary logarithm of `number`, times 1024; 0 for 0 and 1.
///
/// Repeated squaring of the mantissa yields one binary digit a turn. The standard library's
/// logarithm may differ in its last digit between platforms, and with it an answer.
pub(crate) fn log2(number: u64) -> i64 {
    let Some(whole) = number.checked_ilog2() else { return 0 };
    let mut mantissa: u128 = (u128::from(number) << 32) >> whole;
    let mut digits = i64::from(whole);
    for _ in 0..10 {
        mantissa = (mantissa * mantissa) >> 32;
        digits <<= 1;
        if mantissa >= 2 << 32 {
            mantissa >>= 1;
            digits |= 1;
        }
    }
    digits
}

/// How rare something is that was seen in `seen` of `all` places: [`WHOLE`] for what was seen once,
/// 0 for what is everywhere. `slack` is added to `all`, so that little evidence does not make
/// everything common.
pub(crate) fn rareness(seen: u64, all: u64, slack: u64) -> i64 {
    let all = all.max(seen) + slack;
    WHOLE * (log2(all) - log2(seen.max(1))) / log2(all).max(1)
}

/// A share of [`WHOLE`], made steeper by `spread` thousandths.
pub(crate) fn steepen(share: i64, spread: i64) -> i64 {
    (spread * share / WHOLE).clamp(0, WHOLE)
}

/// [`rareness`], made steeper.
pub(crate) fn rarity(seen: u64, all: u64, slack: u64, spread: i64) -> i64 {
    steepen(rareness(seen, all, slack), spread)
}

/// The middle of two shares that both count: their geometric mean.
pub(crate) fn middle(a: i64, b: i64) -> i64 {
    ((a.max(0) * b.max(0)) as u64).isqrt() as i64
}

impl Weight {
    /// What is left of the weight after `micros` microseconds, in percent.
    pub(crate) fn left_after(&self, micros: i64) -> i64 {
        const MINUTE: i64 = 60_000_000;
        let Some(&(first, at_first)) = self.fades.first() else { return 100 };
        if micros <= first.saturating_mul(MINUTE) {
            return at_first;
        }
        for pair in self.fades.windows(2) {
            let [(from, before), (until, after)] = [pair[0], pair[1]];
            if micros <= until * MINUTE {
                let (passed, span) = (micros - from * MINUTE, (until - from) * MINUTE);
                // In seconds, for the product to fit.
                return before - (before - after) * (passed / 1_000_000) / (span / 1_000_000).max(1);
            }
        }
        self.fades.last().map_or(0, |last| last.1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn logarithm_agrees_with_floating_point() {
        for number in [1_u64, 2, 3, 7, 30, 450, 1 << 20, 123_456_789, u64::MAX] {
            let exact = (number as f64).log2() * 1024.0;
            assert!((log2(number) as f64 - exact).abs() < 1.5, "{number}");
        }
        assert_eq!(log2(0), 0);
    }

    #[test]
    fn what_is_everywhere_tells_nothing() {
        assert_eq!(rarity(1, 420, 30, 1600), WHOLE);
        assert!(rarity(420, 420, 30, 1600) < 25);
        assert!(rarity(40, 420, 30, 1600) > 500);
        // Three days of three are not common: there is little to compare with.
        assert_eq!(rarity(3, 3, 30, 1600), WHOLE);
        assert_eq!(rarity(5, 0, 0, 1600), 0);
    }

    #[test]
    fn a_link_fades_in_straight_lines() {
        let weight =
            Weight { weight: 30, fades: vec![(30, 100), (360, 50), (2880, 10)], spread: 0, strong: false };
        let minute = 60_000_000;
        let left: Vec<i64> =
            [0, 30, 195, 360, 1620, 2880, 1_000_000].map(|m| weight.left_after(m * minute)).into();
        assert_eq!(left, [100, 100, 75, 50, 30, 10, 10]);
        assert_eq!(weight.left_after(i64::MAX), 10);
    }
}

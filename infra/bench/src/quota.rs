//! The share of a CPU that Lambda gives with a memory size, by a control group of our own.

use std::fs;
use std::path::PathBuf;

use crate::Failure;

/// Memory in MB at which Lambda gives one whole CPU.
pub(crate) const WHOLE_CPU_MB: u64 = 1769;
/// Length of the kernel's accounting period in microseconds.
const PERIOD_US: u64 = 20_000;

/// A control group that holds its processes to a share of one CPU; dropping it removes it.
pub(crate) struct Quota {
    folder: PathBuf,
}

impl Quota {
    /// A group with the share that goes with `memory_mb`.
    ///
    /// # Errors
    /// If this machine lets us make none: control groups are there but not writable, or have no CPU controller.
    pub(crate) fn new(memory_mb: u64) -> Result<Self, Failure> {
        let quota_us = (PERIOD_US * memory_mb / WHOLE_CPU_MB).max(1000);
        let name = format!("bench-{}", std::process::id());
        let (folder, limits) = if PathBuf::from("/sys/fs/cgroup/cgroup.controllers").exists() {
            let limits = vec![("cpu.max", format!("{quota_us} {PERIOD_US}"))];
            (PathBuf::from("/sys/fs/cgroup").join(name), limits)
        } else {
            let limits = vec![
                ("cpu.cfs_period_us", PERIOD_US.to_string()),
                ("cpu.cfs_quota_us", quota_us.to_string()),
            ];
            (PathBuf::from("/sys/fs/cgroup/cpu").join(name), limits)
        };
        let refused = |error| {
            format!(
                "no CPU share can be set here ({}: {error})",
                folder.display()
            )
        };
        fs::create_dir(&folder).map_err(refused)?;
        let quota = Self {
            folder: folder.clone(),
        };
        for (file, value) in limits {
            fs::write(folder.join(file), value).map_err(refused)?;
        }
        Ok(quota)
    }

    /// Puts a process under it. Lambda gives a whole CPU until the first `/next`, so call this then.
    ///
    /// # Errors
    /// If the process is gone.
    pub(crate) fn hold(&self, pid: u32) -> Result<(), Failure> {
        Ok(fs::write(
            self.folder.join("cgroup.procs"),
            pid.to_string(),
        )?)
    }
}

impl Drop for Quota {
    fn drop(&mut self) {
        // An empty group left behind holds nobody.
        drop(fs::remove_dir(&self.folder));
    }
}

// Loaded into tsx watch, which would go on for ever after the supervisor was killed.
process.once('disconnect', () => process.kill(process.pid, 'SIGTERM'));

exports.set_fs = () => {}

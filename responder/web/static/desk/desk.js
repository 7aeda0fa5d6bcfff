// The desk, put together.

import * as clock from "./clock.js";
import * as dialogue from "./dialogue.js";
import * as keys from "./keys.js";
import * as notify from "./notify.js";
import * as queue from "./queue.js";
import * as stream from "./stream.js";

document.documentElement.classList.add("has-script");
queue.start({ open: dialogue.open });
dialogue.start();
clock.start();
keys.start();
notify.start({ open: dialogue.open });
stream.start();

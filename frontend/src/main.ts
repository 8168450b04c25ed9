/** Puts the page together. */

import "element-plus/theme-chalk/base.css";
import "element-plus/theme-chalk/dark/css-vars.css";
import "./styles/base.css";

import { createPinia } from "pinia";
import { createApp } from "vue";

import App from "./App.vue";
import { followColourScheme } from "./colourScheme";
import { followLateViews } from "./lateViews";
import { createPageRouter } from "./router";
import { followSingleKeys } from "./singleKeys";
import { useAccount } from "./stores/account";
import { useConnection } from "./stores/connection";
import { i18n } from "./texts";
import { restoreLanguage } from "./texts/choice";
import { entryOf, followUpgrades, loadAnew } from "./upgrade";

followColourScheme();
restoreLanguage();
followSingleKeys();
const app = createApp(App).use(createPinia()).use(i18n);
const router = createPageRouter(useAccount());
followUpgrades(router, { entry: entryOf(document), marks: sessionStorage, load: loadAnew });
followLateViews(router, () => useConnection().isOnline);
app.use(router).mount("#app");

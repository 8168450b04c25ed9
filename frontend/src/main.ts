/** Puts the page together. */

import "element-plus/theme-chalk/base.css";
import "element-plus/theme-chalk/dark/css-vars.css";
import "./styles/base.css";

import { createPinia } from "pinia";
import { createApp } from "vue";

import App from "./App.vue";
import { followColourScheme } from "./colourScheme";
import { createPageRouter } from "./router";
import { useAccount } from "./stores/account";
import { i18n } from "./texts";
import { restoreLanguage } from "./texts/choice";

followColourScheme();
restoreLanguage();
const app = createApp(App).use(createPinia()).use(i18n);
app.use(createPageRouter(useAccount())).mount("#app");

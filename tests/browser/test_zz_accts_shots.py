import pytest
from datetime import timedelta
from django.urls import reverse
from django.utils import timezone
from tests.factories import *
from tests.world import make_invitation
from accounts.models import *
from accounts import activity, jobs
from tests.browser.conftest import sign_in
def test_shots(new_page, teammate, live_server):
    a=teammate.account
    Membership.objects.filter(user=teammate.user).update(last_seen_at=timezone.now())
    for n,r in (("Grace Hopper",False),("Katherine Johnson",True),("Annie Easley",True)):
        m=MembershipFactory(account=a,user__name=n,user__email=n.split()[0].lower()+"@shop.example",read_only=r,invited_by=teammate.user,last_seen_at=timezone.now()-timedelta(hours=3))
    make_invitation(a,teammate.user,"new.colleague@shop.example")
    i=make_invitation(a,teammate.user,"old@shop.example",expires_at=timezone.now()-timedelta(days=1),asked_again_at=timezone.now(),read_only=True, mail_problem="451 4.3.0 the disk is full")
    activity.record(account=a,by=teammate.user,verb="project.create",target="Shop")
    activity.record(account=a,by=teammate.user,verb="environment.add",target="Shop › Staging",details={"copied":{"definitions":14,"reports":6},"from":"Production"})
    activity.record(account=a,by=m.user,verb="refused",target="POST projects:project_create",details={"path":"/account/1/projects/create/","needs":"manage"})
    activity.record(account=a,by=UserFactory(is_staff=True,name="Support Sue"),verb="account.close",target=a.name)
    link=jobs.invitation_link(Invitation.objects.get(email="new.colleague@shop.example"))
    path="/account"+link.partition("/account")[2]
    pages={"teammates":reverse("accounts:teammate_list",args=[a.pk]),"teammate":reverse("accounts:teammate",args=[a.pk,m.pk]),"settings":reverse("accounts:account_settings",args=[a.pk]),"activity":reverse("accounts:activity_list",args=[a.pk]),"leave":reverse("accounts:leave",args=[a.pk]),"profile":reverse("accounts:profile"),"email":reverse("accounts:email_change"),"delete":reverse("accounts:login_delete"),"sessions":"/login/sessions/"}
    import os
    only=os.environ.get("ONLY","").split(",")
    for theme,width in (("light",1280),("dark",1280),("light",400)):
        p=sign_in(new_page(viewport={"width":width,"height":800},color_scheme=theme),teammate.user,live_server.url)
        for name,url in pages.items():
            if only!=[""] and name not in only: continue
            if theme=="dark" and name not in ("teammates","activity"): continue
            p.goto(url); p.screenshot(path=f"/tmp/shots_accts/{name}-{theme}-{width}.png",full_page=True)
        q=new_page(viewport={"width":width,"height":800},color_scheme=theme)
        for name,url in {"invitation":path,"bad":"/account/invitation/xyz/","rescue":"/account/rescue/x/"}.items():
            if only!=[""] and name not in only: continue
            if theme=="dark": continue
            q.goto(url); q.screenshot(path=f"/tmp/shots_accts/{name}-{theme}-{width}.png",full_page=True)
    p=sign_in(new_page(),m.user,live_server.url); p.goto(pages["teammates"]); p.screenshot(path="/tmp/shots_accts/readonly.png",full_page=True)
    p.goto(pages["settings"]); p.screenshot(path="/tmp/shots_accts/readonly-settings.png",full_page=True)
